EXTRA_DIST += %D%/report.png
# The pages link to each other, so they are installed in the same folders.
dist_doc_DATA = \
	%D%/an-optimisation.md \
	%D%/campaign-after.svg \
	%D%/campaign-before.svg \
	%D%/campaign-sweep.svg \
	%D%/glossary.md \
	%D%/trend.png
howtodir = $(docdir)/how-to
dist_howto_DATA = \
	%D%/how-to/check-without-a-baseline.md \
	%D%/how-to/choose-tolerances.md \
	%D%/how-to/compare-and-export.md \
	%D%/how-to/gate-a-pull-request.md \
	%D%/how-to/measure-an-image-build.md \
	%D%/how-to/measure-inside-a-container.md \
	%D%/how-to/read-a-failure.md \
	%D%/how-to/find-the-commit.md \
	%D%/how-to/follow-the-trend.md \
	%D%/how-to/size-a-runner.md \
	%D%/how-to/use-in-your-repository.md \
	%D%/how-to/use-with-autotools.md
referencedir = $(docdir)/reference
dist_reference_DATA = \
	%D%/reference/baseline.md \
	%D%/reference/configuration.md \
	%D%/reference/engines.md \
	%D%/reference/exit-statuses.md \
	%D%/reference/reports.md
explanationdir = $(docdir)/explanation
dist_explanation_DATA = \
	%D%/explanation/default-tolerances.md \
	%D%/explanation/how-a-figure-is-measured.md \
	%D%/explanation/statistics.md \
	%D%/explanation/threat-model.md
dist_man_MANS = %D%/build-mem.1
bashcompdir = $(datadir)/bash-completion/completions
dist_bashcomp_DATA = %D%/build-mem
schemadir = $(pkgdatadir)
dist_schema_DATA = \
	%D%/baseline.schema.json \
	%D%/bisect.schema.json \
	%D%/compare.schema.json \
	%D%/config.schema.json \
	%D%/doctor.schema.json \
	%D%/fit.schema.json \
	%D%/sweep.schema.json \
	%D%/trend.schema.json \
	%D%/result.schema.json
