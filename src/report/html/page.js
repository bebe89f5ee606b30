// Shows the figures of the timeline at the pointer or by the arrow keys. The page has all of its
// facts without this script.
"use strict";
(() => {
    const source = document.querySelector("[data-readings]");
    if (!source)
        return;
    const end = Number(source.dataset.end);
    const stages = [...document.querySelectorAll("ol.stages li")].map((item) => item.textContent);
    const readings = source.dataset.readings.split(";").filter(Boolean).map((text) => {
        const [t, stage, cgroup, pss, anon, file, shmem, kernel, processes] = text.split(",").map(Number);
        return { t, stage: stages[stage], cgroup, pss, anon, file, shmem, kernel, processes };
    });
    if (!readings.length)
        return;

    const bytes = (figure) => {
        if (figure < 0)
            return "n/a";
        const units = ["B", "KiB", "MiB", "GiB", "TiB"];
        let unit = 0;
        for (; figure >= 1024 && unit < units.length - 1; unit++)
            figure /= 1024;
        return `${figure.toFixed(unit === 0 ? 0 : unit > 2 ? 2 : 1)} ${units[unit]}`;
    };
    const time = (ms) => {
        if (ms < 60000)
            return `${(ms / 1000).toFixed(2)} s`;
        const seconds = Math.floor(ms / 1000);
        const two = (number) => String(number).padStart(2, "0");
        return seconds < 3600 ? `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
                              : `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
    };
    const lines = (reading) => [["charged", bytes(reading.cgroup)], ["anonymous", bytes(reading.anon)],
                                ["shared memory", bytes(reading.shmem)],
                                ["page cache", bytes(reading.file)],
                                ["kernel", bytes(reading.kernel)], ["PSS", bytes(reading.pss)],
                                ["processes", reading.processes < 0 ? "n/a" : reading.processes]];
    const nearest = (t) => {
        let low = 0, high = readings.length - 1;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (readings[middle].t < t)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && t - readings[low - 1].t < readings[low].t - t ? low - 1 : low;
    };
    const make = (name, text, className = "") => Object.assign(document.createElement(name),
                                                               { textContent: text, className });

    for (const canvas of document.querySelectorAll(".canvas")) {
        const cursor = make("div", "", "cursor"), tip = make("div", "", "tip");
        let at = readings.reduce((best, one, i) => one.cgroup > readings[best].cgroup ? i : best, 0);
        cursor.hidden = tip.hidden = true;
        canvas.append(cursor, tip);
        canvas.tabIndex = 0;
        canvas.setAttribute("role", "slider");
        canvas.setAttribute("aria-label", "time in the timeline");
        canvas.setAttribute("aria-valuemin", 0);
        canvas.setAttribute("aria-valuemax", end);

        const show = (index) => {
            at = Math.min(Math.max(index, 0), readings.length - 1);
            const reading = readings[at], title = `${time(reading.t)} · ${reading.stage}`;
            const share = reading.t / end;
            tip.replaceChildren(make("strong", title), ...lines(reading).map(([name, figure]) => {
                const line = make("span", "");
                line.append(make("em", name), make("b", figure));
                return line;
            }));
            cursor.style.left = `${100 * share}%`;
            tip.style.left = share < .5 ? `calc(${100 * share}% + 12px)` : "auto";
            tip.style.right = share < .5 ? "auto" : `calc(${100 * (1 - share)}% + 12px)`;
            cursor.hidden = tip.hidden = false;
            canvas.setAttribute("aria-valuenow", reading.t);
            canvas.setAttribute("aria-valuetext",
                                [title, ...lines(reading).map((line) => line.join(" "))].join(", "));
        };
        const hide = () => { cursor.hidden = tip.hidden = true; };
        const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 20,
                        PageDown: -20, Home: -readings.length, End: readings.length };
        show(at);
        hide();
        canvas.addEventListener("pointermove", (event) => {
            const box = canvas.getBoundingClientRect();
            show(nearest((event.clientX - box.left) / box.width * end));
        });
        canvas.addEventListener("pointerleave", hide);
        canvas.addEventListener("blur", hide);
        canvas.addEventListener("focus", () => { if (canvas.matches(":focus-visible")) show(at); });
        canvas.addEventListener("keydown", (event) => {
            if (event.key === "Escape")
                hide();
            if (!(event.key in steps))
                return;
            event.preventDefault();
            show(at + steps[event.key]);
        });
    }
    source.closest("section").append(make("p", "Point at the timeline to read its figures, or focus " +
                                               "it and use the arrow keys.", "note hint"));
})();
