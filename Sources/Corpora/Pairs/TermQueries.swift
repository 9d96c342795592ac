/// What people look a definition up by.
struct TermQueries {
    let cases: WordCases
    let hash: StableHash

    /// What kind of thing a term names.
    enum Subject: Equatable {
        /// An option of a command: `--data-only`.
        case option
        /// A setting: its type stands in brackets behind it.
        case setting
        /// Anything else with a name of its own: `pg_class`, `CASCADE`.
        case name
        /// Ordinary words: `Aggregate function`.
        case phrase
    }

    /// The term's own name, of several spellings the one that says most: `--data-only` of `-a, --data-only`, `lower()`
    /// of `lower(text) returns text`.
    static func name(of term: String) -> String {
        let spellings = spellings(of: term)
        guard let first = spellings.first else { return term }
        if term.hasPrefix("-") {
            let option = spellings.last { $0.hasPrefix("--") } ?? first
            return String(option.prefix { $0 != " " && $0 != "=" && $0 != "[" })
        }
        if let open = first.firstIndex(of: "("), open > first.startIndex, first[first.index(before: open)] != " " {
            return first[..<open] + "()"
        }
        let name = String(first.prefix { !"([{".contains($0) }).trimmingWhitespace()
        return name.isEmpty ? first : name
    }

    /// The parts between commas that stand in no brackets.
    private static func spellings(of term: String) -> [String] {
        var spellings = [""]
        var depth = 0
        for character in term {
            if "([{".contains(character) { depth += 1 }
            if ")]}".contains(character) { depth -= 1 }
            if character == ",", depth <= 0 {
                spellings.append("")
            } else {
                spellings[spellings.count - 1].append(character)
            }
        }
        return spellings.map { $0.trimmingWhitespace() }.filter { !$0.isEmpty }
    }

    static func subject(of term: String, remark: String?) -> Subject {
        if term.hasPrefix("-") { return .option }
        if let remark, Vocabulary.settingTypes.contains(remark.lowercased()) { return .setting }
        let isName =
            term.contains { "_().$\\/:=<>".contains($0) || $0.isNumber }
            || term.dropFirst().contains(where: \.isUppercase)
        return isName ? .name : .phrase
    }

    /// The queries for a term: the term, and one wording of a question or search for it.
    ///
    /// - Parameters:
    ///   - page: The page's title, where the term alone says too little.
    ///   - isReference: Whether the page is about one command or function, whose part the term is.
    func queries(for name: String, _ subject: Subject, onPage page: String?, isReference: Bool) -> [String] {
        guard let page else {
            let forms: [String]
            switch subject {
            case .option: forms = ["what does \(name) do", "\(name) option"]
            case .setting:
                forms = ["\(name) setting", "\(name) parameter", "what does \(name) do", "how should I set \(name)"]
            case .name: forms = ["what is \(name)", "what does \(name) mean"]
            case .phrase:
                let phrase = cases.sentenceCase(name)
                forms = ["what does \(phrase) mean", "definition of \(phrase)"]
            }
            return [name, hash.choice(forms, for: name)]
        }
        guard isReference else {
            let full = "\(name) in \(page)"
            return [full, hash.choice(["what is \(full)", "what does \(name) mean in \(page)"], for: full)]
        }
        let full = "\(page) \(name)"
        let forms =
            subject == .option
            ? ["what does \(full) do", "\(full) option"] : ["what is \(name) in \(page)", "what does \(full) mean"]
        return [full, hash.choice(forms, for: full)]
    }

    /// Whether the term alone could be anything: one ordinary word, or too short.
    static func isVague(_ name: String, _ subject: Subject) -> Bool {
        switch subject {
        case .option: true
        case .setting: name.utf8.count < 3
        case .name: name.utf8.count < 4
        case .phrase: !name.contains(" ") && name.first?.isUppercase != true
        }
    }
}
