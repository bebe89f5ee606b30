// Usage: groovy jenkinsfile.groovy JENKINSFILE
// Prints the shell steps of a declarative pipeline as a JSON array. Refuses what is not Groovy, a directive at a
// place where Jenkins does not accept it, and a section without what it needs. The linter of Jenkins itself needs
// a running server. Source: jenkins.io/doc/book/pipeline/syntax
class Section {
    static conditions = 'allOf anyOf branch buildingTag changelog changeRequest changeset environment equals expression not tag triggeredBy'
    static conditionsOfPost = 'aborted always changed cleanup failure fixed regression success unstable unsuccessful'
    static steps = 'archiveArtifacts checkout dir echo error junit retry sh sleep stash timeout unstash withEnv'
    static allowed = [
        pipeline: 'agent environment libraries options parameters post stages tools triggers',
        stages: 'stage', stage: 'agent environment failFast input matrix options parallel post stages steps tools when',
        agent: 'docker dockerfile kubernetes label node', when: "beforeAgent $conditions", allOf: conditions,
        anyOf: conditions, not: conditions, post: conditionsOfPost, steps: steps, dir: steps, timeout: steps,
    ] + conditionsOfPost.split().collectEntries { [it, steps] }
    static needed = [pipeline: ['agent', 'stages'], stages: ['stage'], stage: ['steps']]
    static shell = []
    String name
    List calls = []

    static void read(String name, Closure body) {
        def section = new Section(name: name)
        body.delegate = section
        body.resolveStrategy = Closure.DELEGATE_ONLY
        body()
        def missing = (needed[name] ?: []) - section.calls
        if (missing)
            throw new IllegalArgumentException("$name has no ${missing.join(' and no ')}")
    }

    void propertyMissing(String variable, value) {
        if (name != 'environment')
            throw new IllegalArgumentException("$name has a variable: $variable")
    }

    void methodMissing(String call, arguments) {
        if (!(call in (allowed[name] ?: '').split().toList()))
            throw new IllegalArgumentException("$name has the directive $call")
        calls << call
        if (call == 'sh')
            shell << arguments[0]
        else if (arguments && arguments[-1] instanceof Closure)
            read(call, arguments[-1])
    }
}

try {
    new GroovyShell(new Binding(pipeline: { Closure body -> Section.read('pipeline', body) })).evaluate(new File(args[0]))
} catch (IllegalArgumentException | org.codehaus.groovy.control.CompilationFailedException error) {
    System.err.println("${args[0]}: $error.message")
    System.exit(1)
}
println groovy.json.JsonOutput.toJson(Section.shell)
