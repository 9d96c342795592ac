/// Turns headings into questions that a person would ask.
///
/// Which of several wordings a heading gets is decided by its hash, so that it is the same in every run. A heading that
/// gives no sensible question gives none.
struct HeadingQuestions {
    let cases: WordCases
    let hash: StableHash

    /// A question for a heading.
    ///
    /// - Parameters:
    ///   - page: The title of the page, where the heading says nothing without it.
    ///   - isReference: Whether the page is about one command or function.
    func question(for heading: String, onPage page: String?, isReference: Bool) -> String? {
        if let page { return question(for: heading.lowercased(), about: page, isReference: isReference) }
        let words = heading.split(separator: " ")
        guard let first = words.first, words.count <= 12,
            heading.unicodeScalars.contains(where: \.properties.isAlphabetic)
        else { return nil }
        if Vocabulary.interrogatives.contains(first.lowercased()) {
            return capitalized(cases.sentenceCase(heading)).trimming { $0 == "?" || $0 == "." } + "?"
        }
        if let question = howTo(heading) ?? comparison(heading) ?? introduction(heading) { return question }
        if isName(words) {
            return hash.choice(
                ["What does \(heading) do?", "What is \(heading)?", "How do I use \(heading)?"], for: heading)
        }
        return whatIs(cases.sentenceCase(heading))
    }

    /// A question for what a reference page's subject is for: `How do I define a new table?`
    func question(forPurpose purpose: String) -> String? {
        guard let space = purpose.firstIndex(of: " ") else { return nil }
        var rest = purpose[space...]
        var first = purpose[..<space]
        let comma = first.hasSuffix(",")
        if comma { first.removeLast() }
        guard first.first?.isLowercase == true, let verb = Vocabulary.verb(of: String(first)),
            Words.count(purpose.utf8) >= 3
        else { return nil }
        if comma { rest = "," + rest }
        return hash.choice(["How do I \(verb)\(rest)?", "How can I \(verb)\(rest)?"], for: purpose)
    }

    // MARK: Forms

    /// `Creating a Table`: How do I create a table?
    private func howTo(_ heading: String) -> String? {
        guard let space = heading.firstIndex(of: " ") else {
            guard heading.hasSuffix("ing"), Vocabulary.verb(of: heading) != nil else { return nil }
            return "How does \(cases.sentenceCase(heading)) work?"
        }
        let first = heading[..<space]
        let isGerund = first.hasSuffix("ing") && first.first?.isUppercase == true
        let rest = heading[space...].drop { $0 == " " }
        guard isGerund || isImperative(first, rest), let verb = Vocabulary.verb(of: String(first)) else { return nil }
        // `Building and Installing …` has a second gerund, `Logging of …` is about a thing.
        let next = rest.prefix { $0 != " " }.lowercased()
        if next == "of" || next == "for" || isCompound(verb, String(rest)) { return nil }
        let words = cases.sentenceCase(String(rest)).split(separator: " ").map(String.init)
        return hash.choice(["How do I", "How can I", "How to"], for: heading) + " \(verb) \(imperative(words))?"
    }

    /// Whether a gerund only describes the noun behind it: `Encoding Handling`, `Operating System`; not `Using
    /// Cursors`.
    private func isCompound(_ verb: String, _ rest: String) -> Bool {
        if rest.contains(" ") { return false }
        if rest.hasSuffix("ing") { return true }
        return !isPlural(rest)
            && !["build", "configure", "install", "run", "start", "stop", "upgrade", "use"].contains(verb)
    }

    /// `Install the Package`; not `Index Types`, whose first word is a verb as well.
    private func isImperative(_ first: Substring, _ rest: Substring) -> Bool {
        guard Vocabulary.verbs.contains(first.lowercased()) else { return false }
        return ["a", "an", "the", "your", "its", "all", "this"].contains(rest.prefix { $0 != " " }.lowercased())
    }

    /// The words after a verb, a further gerund after `and` or `or` as a verb too.
    private func imperative(_ words: [String]) -> String {
        var words = words
        for index in words.indices.dropFirst(0) where words[index].hasSuffix("ing") && index > 0 {
            let previous = words[index - 1]
            guard previous == "and" || previous == "or" || previous.hasSuffix(","),
                index == 1 || previous.hasSuffix(","),
                let verb = Vocabulary.verb(of: words[index])
            else { continue }
            words[index] = verb
        }
        return words.joined(separator: " ")
    }

    private func comparison(_ heading: String) -> String? {
        let words = heading.split(separator: " ")
        guard let middle = words.firstIndex(where: { ["vs", "vs.", "versus"].contains($0.lowercased()) }), middle > 0,
            middle < words.count - 1
        else { return nil }
        let (left, right) = (words[..<middle].joined(separator: " "), words[(middle + 1)...].joined(separator: " "))
        return "What is the difference between \(cases.sentenceCase(left)) and \(cases.sentenceCase(right))?"
    }

    private func introduction(_ heading: String) -> String? {
        for prefix in ["Overview of ", "Introduction to ", "An Introduction to ", "An Overview of ", "About "]
        where heading.hasPrefix(prefix) {
            return whatIs(cases.sentenceCase(String(heading.dropFirst(prefix.count))))
        }
        return nil
    }

    private func whatIs(_ phrase: String) -> String {
        let isPlural = isPlural(phrase)
        let words = phrase.split(separator: " ")
        let count = words.count
        let needsArticle = words.contains("of") && !["the", "a", "an"].contains(words[0])
        let named = needsArticle ? "the \(phrase)" : phrase
        var forms = [isPlural ? "What are \(named)?" : "What is \(named)?"]
        if count <= 3 { forms.append(isPlural ? "How do \(phrase) work?" : "How does \(phrase) work?") }
        return hash.choice(forms, for: phrase)
    }

    private func question(for heading: String, about page: String, isReference: Bool) -> String? {
        let forms: [String]
        switch heading {
        case "see also", "references", "links", "contents", "copyright", "license", "name", "further reading",
            "resources":
            return nil
        case "description", "overview", "introduction", "about", "details", "discussion", "purpose", "summary",
            "concepts":
            forms = isReference ? ["What does \(page) do?", "What is \(page) for?"] : ["What is \(page)?"]
        case "example", "examples", "usage", "sample output", "basic usage":
            forms = ["How is \(page) used?", "What is an example of \(page)?"]
        case "parameters", "arguments":
            forms = ["What parameters does \(page) take?", "Which \(heading) does \(page) have?"]
        case "options": forms = ["Which options does \(page) have?", "What options does \(page) accept?"]
        case "synopsis", "syntax": forms = ["What is the syntax of \(page)?"]
        case "return value", "return values", "returns", "output", "outputs": forms = ["What does \(page) return?"]
        case "diagnostics", "errors", "error handling": forms = ["Which errors can \(page) report?"]
        case "exit status", "exit codes", "exit values": forms = ["What is the exit status of \(page)?"]
        case "environment", "environment variables": forms = ["Which environment variables does \(page) use?"]
        case "files": forms = ["Which files does \(page) use?"]
        case "author", "authors", "credits": forms = ["Who wrote \(page)?"]
        case "note", "notes", "remarks", "caveats", "warnings", "tips":
            forms = ["What should I know about \(page)?", "What is there to note about \(page)?"]
        case "limitations", "restrictions", "bugs", "known issues", "limits":
            forms = ["What are the limitations of \(page)?"]
        case "compatibility": forms = ["How compatible is \(page)?"]
        case "rationale", "motivation", "background": forms = ["Why does \(page) exist?"]
        case "install", "installation", "installing", "setup": forms = ["How do I install \(page)?"]
        case "configuration", "getting started", "quick start", "quickstart":
            forms = ["How do I \(heading == "configuration" ? "configure" : "get started with") \(page)?"]
        default:
            forms = [isPlural(heading) ? "What are the \(heading) of \(page)?" : "What is the \(heading) of \(page)?"]
        }
        return hash.choice(forms, for: page + "\n" + heading)
    }

    // MARK: Words

    /// Whether the heading is nothing but names: `pg_dump`, `CREATE TABLE`, `printf()`.
    private func isName(_ words: [Substring]) -> Bool {
        words.allSatisfy { word in
            word.contains("_") || word.hasSuffix(")") && word.contains("(") || word.contains(".") && word.count > 2
                || word.count > 1 && word.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "-" } && words.count <= 4
                || word.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" } && words.count == 1
        }
    }

    /// Whether the noun that the phrase is about is plural, or there are several.
    private func isPlural(_ phrase: String) -> Bool {
        let words = phrase.split(separator: " ")
        if words.contains(where: { $0 == "and" || $0 == "&" }), !words.contains("of") { return true }
        let head = words.prefix { !Vocabulary.prepositions.contains($0.lowercased()) }.last ?? words.last ?? ""
        let word = head.trimmingSuffix { !$0.isLetter }
        guard word.count > 3, word.hasSuffix("s") else { return false }
        // `access`, `status`, `analysis`, `PostGIS`
        return !["ss", "us", "is", "IS"].contains(String(word.suffix(2)))
    }

    private func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

extension Substring {
    func trimmingSuffix(while isUnwanted: (Character) -> Bool) -> Substring {
        var result = self
        while let last = result.last, isUnwanted(last) { result.removeLast() }
        return result
    }
}
