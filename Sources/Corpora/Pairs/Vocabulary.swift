/// English words that the making of queries needs to know.
enum Vocabulary {
    /// Verbs that headings and the purposes of reference pages begin with.
    static let verbs: Set<String> = words(
        """
        abort accept access activate adapt add adjust administer aggregate alias align allocate allow alter analyze append \
        apply archive arrange assemble assign associate attach audit authenticate authorize automate avoid back backup begin \
        benchmark bind block boot branch browse build bundle cache calculate call cancel cast catch change check choose clean \
        clear clone close cluster collate collect combine commit compare compile compose compress compute concatenate \
        configure confirm connect consider construct consume contribute control convert copy count create cross-compile \
        customize cut deactivate deal deallocate debug declare decode decrease decrypt define delete deliver depend deploy \
        derive describe design detach detect determine develop diagnose diff disable discard disconnect discover display \
        distribute document download drop dump edit embed emit emulate enable encode encrypt enforce enter enumerate escape \
        establish estimate evaluate examine exchange exclude execute exit expand explain explore export expose extend \
        extract fetch fill filter find fix flush follow force fork format free garbage-collect gather generate get grant \
        group grow handle hide host identify ignore implement import improve include increase index initialize inline insert \
        inspect install instrument integrate interface interpret invoke issue iterate join keep kill launch learn \
        limit link list listen load localize locate lock log look loop maintain make manage manipulate map mark match mean \
        measure merge migrate minimize mirror mix modify monitor mount move navigate negotiate nest normalize notify obtain \
        omit open optimize order organize override overwrite package parse partition pass patch perform permit persist pick \
        pin place plan play plot populate port position prepare preserve prevent print prioritize probe process produce \
        profile program promote protect provide publish pull purge push put query quit quote raise read reallocate rebase \
        rebuild receive record recover redirect reduce refer refresh refresh register reindex reject release reload rely \
        remove rename render repair repeat replace replicate report represent request require reset resize resolve respond \
        restart restore restrict resume retrieve return reuse revert review revoke rewrite roll rotate route run sample save \
        scale scan schedule search secure see select send separate serialize serve set share shift ship show shrink shut \
        sign simplify simulate skip sort specify split stage start stop store stream structure subclass submit subscribe \
        suspend swap switch synchronize tag take terminate test throw tie toggle trace track train transfer transform \
        translate trap traverse treat trigger troubleshoot truncate trust tune turn type uninstall unload unlock unmount \
        unpack unregister update upgrade upload use validate vary verify view visit visualize vacuum wait walk warn \
        watch work wrap write
        """)

    /// Headings that say nothing without the title of their page.
    static let trivialHeadings: Set<String> = [
        "about", "acknowledgements", "acknowledgments", "additional information", "advanced usage", "api", "arguments",
        "author",
        "authors", "availability", "background", "basic usage", "bugs", "caveats", "changes", "classes", "commands",
        "compatibility", "concepts", "configuration", "configuration parameters", "conforming to", "contents",
        "copyright",
        "credits", "data types", "dependencies", "description", "details", "diagnostics", "discussion", "environment",
        "environment variables", "error handling", "errors", "example", "examples", "exit codes", "exit status",
        "exit values",
        "extensibility", "faq", "features", "files", "functions", "further information", "further reading", "general",
        "getting started", "history", "how it works", "implementation", "implementation details", "in this section",
        "install", "installation", "installing",
        "introduction", "known issues", "license", "limitations", "limits", "links", "methods", "miscellaneous",
        "module contents",
        "motivation", "name", "note", "notes", "operators", "options", "other", "output", "outputs", "overview",
        "parameters",
        "performance", "prerequisites", "purpose", "quick start", "quickstart", "rationale", "reference", "references",
        "remarks", "reporting bugs", "requirements", "resources", "restrictions", "return value", "return values",
        "returns",
        "sample output", "security", "see also", "settings", "setup", "standards", "structure", "submodules", "summary",
        "support", "synopsis", "syntax", "testing", "tips", "todo", "troubleshooting", "usage", "use", "values",
        "variables",
        "versions", "warning", "warnings", "what's new",
    ]

    /// Words that end what a noun phrase is about: `functions for arrays` is about functions.
    static let prepositions: Set<String> = [
        "about", "after", "against", "among", "and", "as", "at", "before", "between", "by", "during", "for", "from",
        "in", "inside",
        "into", "of", "on", "or", "outside", "over", "through", "to", "under", "versus", "via", "vs", "vs.", "when",
        "with",
        "within", "without",
    ]

    static let interrogatives: Set<String> = [
        "are", "can", "do", "does", "how", "is", "should", "what", "what's", "when", "where", "which", "who", "why",
        "will",
    ]

    /// Types that the manuals of programs write in brackets behind the name of a setting.
    static let settingTypes: Set<String> = [
        "array", "bool", "boolean", "bytes", "duration", "enum", "float", "floating point", "int", "int32", "int64",
        "integer",
        "list", "number", "numeric", "path", "real", "size", "str", "string", "text", "time",
    ]

    /// The verb that a gerund or third person begins with: `create` of `creating`, `fetch` of `fetches`.
    static func verb(of word: String) -> String? {
        let word = word.lowercased()
        if verbs.contains(word) { return word }
        var candidates: [Substring] = []
        if word.hasSuffix("ing") {
            let stem = word.dropLast(3)
            candidates = [stem, stem + "e", stem.dropLast()]
            if stem.hasSuffix("y") { candidates.append(stem.dropLast() + "ie") }
        } else if word.hasSuffix("s") {
            candidates = [word.dropLast(1), word.dropLast(2), word.dropLast(3) + "y"]
        }
        // `stopping` has its consonant doubled, `passing` has not: the longest stem that is a verb is the one.
        return candidates.map(String.init).first(where: verbs.contains)
    }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }
}
