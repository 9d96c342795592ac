/// Which entry of which definition list the reader is in.
struct DefinitionNesting {
    private struct List {
        var entry: Int?
        var hasDefinition = false
    }

    private var lists: [List] = []
    private var count = 0
    /// The entry that an entry stands in, by number.
    private(set) var parents: [Int?] = []

    /// The innermost entry.
    var entry: Int? { lists.last(where: { $0.entry != nil })?.entry }

    mutating func openList() { lists.append(List()) }

    mutating func openTerm() {
        if lists.isEmpty { lists.append(List()) }
        let last = lists.count - 1
        // Several terms in a row share a definition.
        if lists[last].entry != nil, !lists[last].hasDefinition { return }
        let parent = lists.dropLast().last(where: { $0.entry != nil })?.entry
        lists[last] = List(entry: count)
        parents.append(parent)
        count += 1
    }

    mutating func openDefinition() {
        guard !lists.isEmpty else { return }
        lists[lists.count - 1].hasDefinition = true
    }

    mutating func closeList() { _ = lists.popLast() }

    /// A heading ends every entry, even where the markup does not.
    mutating func interrupt() {
        for index in lists.indices { lists[index] = List() }
    }
}

/// The index of a DocBook manual: nested definition lists of terms, each with links to where the book speaks of it.
struct IndexNesting {
    private var end: Int?
    private var terms: [String] = []
    private var builder = MappedTextBuilder()

    var isOpen: Bool { end != nil }

    mutating func enter(until end: Int) {
        if self.end == nil { self.end = end }
    }

    mutating func leave(at position: Int) {
        guard let end, position >= end else { return }
        self = IndexNesting()
    }

    mutating func append(_ range: Range<Int>, of source: [UInt8]) {
        HTMLText.append(range, of: source, to: &builder, verbatim: false)
    }

    mutating func open(_ element: String) {
        switch element {
        case "dl": terms.append("")
        case "dt": builder = MappedTextBuilder()
        case "dd": keepTerm()
        default: break
        }
    }

    mutating func close(_ element: String) {
        switch element {
        case "dl":
            _ = terms.popLast()
            builder = MappedTextBuilder()
        case "dt": keepTerm()
        default: break
        }
    }

    /// The term with those that it stands under: `vacuum, freezing`.
    var term: String? {
        let own = cleaned
        let outer = terms.dropLast().filter { !$0.isEmpty }
        let words = outer + (own.isEmpty ? [] : [own])
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    private mutating func keepTerm() {
        guard !terms.isEmpty, !cleaned.isEmpty else { return }
        terms[terms.count - 1] = cleaned
    }

    /// The term without the comma that stands before its links.
    private var cleaned: String {
        var text = builder.finished().string
        if let reference = text.firstRange(of: "(see") { text = String(text[..<reference.lowerBound]) }
        return text.trimming { $0 == "," || $0.properties.isWhitespace }
    }
}
