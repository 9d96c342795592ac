/// Makes queries from what documentation says about its own parts: headings, terms, an index, links, first sentences.
struct PairMaker {
    private let pages: [DocumentationPage]
    private let splits: [String]
    private let options: DocumentationOptions
    private let hash: StableHash
    private let resolver: LinkResolver
    private let questions: HeadingQuestions
    private let terms: TermQueries
    /// For each heading the pages that it stands on.
    private let headingPages: [String: Set<Int>]
    /// For each term the pages that define it.
    private let termPages: [String: Set<Int>]

    init(_ pages: [DocumentationPage], splits: [String], options: DocumentationOptions, hash: StableHash) {
        self.pages = pages
        self.splits = splits
        self.options = options
        self.hash = hash
        resolver = LinkResolver(pages)
        var headingPages: [String: Set<Int>] = [:]
        var termPages: [String: Set<Int>] = [:]
        var words: Set<String> = []
        for (number, page) in pages.enumerated() {
            for section in page.sections {
                headingPages[HeadingText.normalized(section.heading), default: []].insert(number)
                words.formUnion(PairMaker.words(of: section.heading))
                for term in section.entries.lazy.flatMap(\.terms) {
                    termPages[HeadingText.normalized(TermQueries.name(of: term)), default: []].insert(number)
                    words.formUnion(PairMaker.words(of: term))
                }
            }
        }
        var cases = WordCases(words: words)
        for page in pages { for passage in page.passages { cases.count(passage.text) } }
        self.headingPages = headingPages
        self.termPages = termPages
        questions = HeadingQuestions(cases: cases, hash: hash)
        terms = TermQueries(cases: cases, hash: hash)
    }

    private static func words(of text: String) -> [String] {
        text.split { !$0.isLetter }.map { $0.lowercased() }
    }

    /// All queries that the pages give, before it is seen which of them are the same.
    func candidates() -> [PairCandidate] {
        var candidates: [PairCandidate] = []
        for number in pages.indices {
            candidates += sectionQueries(number)
            candidates += purposeQueries(number)
            candidates += termQueries(number)
            candidates += firstSentences(number)
            candidates += linkQueries(number)
        }
        return candidates.filter { options.kinds.contains($0.kind) && !$0.places.isEmpty }
    }

    private func places(_ entries: some Sequence<DocumentationPage.Entry>, on page: Int) -> [LinkResolver.Place] {
        entries.map { LinkResolver.Place(page: page, passage: $0.passage) }
    }

    // MARK: Headings

    private func sectionQueries(_ number: Int) -> [PairCandidate] {
        let page = pages[number]
        var candidates: [PairCandidate] = []
        for section in page.sections {
            guard section.entries.reduce(0, { $0 + $1.words }) >= options.shortestAnswer else { continue }
            // What stands before the first heading stands under the title.
            let heading = section.heading.isEmpty && page.hasOwnTitle ? page.title : section.heading
            guard !heading.isEmpty else { continue }
            let needsTitle = needsTitle(heading, under: section.parent, of: page)
            if isUnanswerable(section, of: page) { continue }
            let places = places(section.entries, on: number)
            let text = needsTitle ? "\(page.title): \(heading)" : heading
            candidates.append(PairCandidate(kind: .heading, text: text, places: places))
            let question = questions.question(
                for: heading, onPage: needsTitle ? page.title : nil, isReference: page.purpose != nil)
            if let question { candidates.append(PairCandidate(kind: .question, text: question, places: places)) }
        }
        return candidates
    }

    /// Whether a heading is too common, or too general, to be a query without its page's title.
    private func needsTitle(_ heading: String, under parent: String, of page: DocumentationPage) -> Bool {
        let normalized = HeadingText.normalized(heading)
        let title = HeadingText.normalized(page.title)
        if title.isEmpty || normalized.contains(title) { return false }
        if !page.hasOwnTitle { return false }
        // What stands under "Notes" or "Changes" is a note on, or a change of, the page's subject.
        if Vocabulary.trivialHeadings.contains(normalized) { return true }
        if Vocabulary.trivialHeadings.contains(HeadingText.normalized(parent)) { return true }
        guard let others = headingPages[normalized] else { return false }
        return others.count >= options.commonHeading || Set(others.map { splits[$0] }).count > 1
    }

    /// How many words a text under a general heading has that can be told from its like on other pages by its content.
    private static let tellingWords = 40

    /// Whether nothing under a general heading says what page it stands on: a list of parameters, each a passage of its
    /// own, or a few words that would fit any page ("The name of the object.").
    private func isUnanswerable(_ section: DocumentationPage.Section, of page: DocumentationPage) -> Bool {
        guard page.hasOwnTitle, Vocabulary.trivialHeadings.contains(HeadingText.normalized(section.heading)) else {
            return false
        }
        if section.entries.allSatisfy({ !$0.terms.isEmpty }) { return true }
        if section.entries.reduce(0, { $0 + $1.words }) >= PairMaker.tellingWords { return false }
        let title = page.title.lowercased()
        return !section.entries.contains { page.passages[$0.passage].text.lowercased().contains(title) }
    }

    private func purposeQueries(_ number: Int) -> [PairCandidate] {
        guard let purpose = pages[number].purpose, let text = questions.question(forPurpose: purpose) else { return [] }
        return [PairCandidate(kind: .question, text: text, places: resolver.lead(of: number))]
    }

    // MARK: Terms

    private func termQueries(_ number: Int) -> [PairCandidate] {
        let page = pages[number]
        var candidates: [PairCandidate] = []
        for section in page.sections {
            for (index, entry) in section.entries.enumerated() where !entry.isContinuation && !entry.terms.isEmpty {
                let definition = section.entries[index...].prefix { $0.passage == entry.passage || $0.isContinuation }
                let words = definition.reduce(0) { $0 + $1.words }
                let places = places(definition, on: number)
                for term in entry.terms {
                    let name = TermQueries.name(of: term)
                    let count = Words.count(name.utf8)
                    guard count > 0, count <= 8, name.unicodeScalars.count > 1, words >= options.shortestAnswer + count
                    else { continue }
                    let subject = TermQueries.subject(of: name, remark: entry.remark)
                    let isCommon = termPages[HeadingText.normalized(name), default: []].count > 1
                    let isReference = page.purpose != nil
                    let needsTitle = isCommon || isReference || TermQueries.isVague(name, subject)
                    let title = needsTitle && page.hasOwnTitle ? page.title : nil
                    for text in terms.queries(for: name, subject, onPage: title, isReference: isReference) {
                        candidates.append(PairCandidate(kind: .term, text: text, places: places))
                    }
                }
            }
        }
        return candidates
    }

    // MARK: First sentences

    private static let sentenceWords = 6...40

    private func firstSentences(_ number: Int) -> [PairCandidate] {
        let page = pages[number]
        var candidates: [PairCandidate] = []
        for section in page.sections {
            for (index, entry) in section.entries.enumerated() where !entry.isContinuation {
                let rest = section.entries[(index + 1)...].prefix { $0.isContinuation }
                guard !rest.isEmpty else { continue }
                let text = body(of: entry, on: page)
                guard let range = Sentences.ranges(in: text).first,
                    PairMaker.sentenceWords.contains(Words.count(text[range])), !text[range].contains(0x0A)
                else { continue }
                let sentence = String(decoding: text[range], as: UTF8.self)
                if PairMaker.refersElsewhere(sentence) { continue }
                candidates.append(PairCandidate(kind: .firstSentence, text: sentence, places: places(rest, on: number)))
            }
        }
        return candidates
    }

    /// A passage's text without the terms in front.
    private func body(of entry: DocumentationPage.Entry, on page: DocumentationPage) -> [UInt8] {
        var text = page.passages[entry.passage].text.utf8[...]
        while !entry.terms.isEmpty, let newline = text.firstIndex(of: 0x0A),
            let line = String(text[..<newline]), entry.terms.contains(TermText.cleaned(line))
        {
            text = text[text.index(after: newline)...]
        }
        return Array(text)
    }

    /// Whether a sentence is about other places of the document: "… are shown in Table 9.94".
    private static func refersElsewhere(_ sentence: String) -> Bool {
        let words = sentence.split(separator: " ")
        return zip(words, words.dropFirst()).contains { word, number in
            ["Appendix", "Chapter", "Figure", "Section", "Table"].contains(word) && number.contains(where: \.isNumber)
        }
    }

    // MARK: Links

    private func linkQueries(_ number: Int) -> [PairCandidate] {
        var candidates: [PairCandidate] = []
        for link in pages[number].links where LinkText.isSpeaking(link.text) {
            let text = link.text.trimming { ".,;:".unicodeScalars.contains($0) }
            let places = resolver.passages(for: link.target, from: number)
            let narrow = narrowed(places, to: text)
            // A link leads to a section as a whole, unless a few passages of it name what it says.
            let isBroad = places.count > options.positivesPerTrainingQuery
            candidates.append(
                PairCandidate(kind: .link, text: text, places: narrow.isEmpty && !isBroad ? places : narrow))
        }
        for entry in pages[number].indexEntries where entry.text.utf8.count >= 3 {
            let places = resolver.passages(for: entry.target, from: number)
            candidates.append(PairCandidate(kind: .index, text: entry.text, places: narrowed(places, to: entry.text)))
        }
        return candidates
    }

    /// How many passages a link may lead to without a second look.
    private static let precise = 3

    /// Of the many passages that a target has those that hold the words by which it is sought; none where that are many
    /// as well.
    private func narrowed(_ places: [LinkResolver.Place], to text: String) -> [LinkResolver.Place] {
        guard places.count > PairMaker.precise else { return places }
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "_" }.filter { $0.count > 2 }.map(
            String.init)
        let names = words.filter { $0.contains("_") }
        let wanted = names.isEmpty ? words : names
        guard !wanted.isEmpty else { return [] }
        let found = places.filter { place in
            let passage = pages[place.page].passages[place.passage].text.lowercased()
            return wanted.allSatisfy(passage.contains)
        }
        return found.count > options.positivesPerTrainingQuery ? [] : found
    }
}
