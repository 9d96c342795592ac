/// A heading and what stands under it, up to the next heading of any level.
package struct DocumentSection: Equatable, Sendable {
    /// The heading without its number; empty for what stands before the first one.
    package var heading: String

    /// The headings that the section stands under, its own last.
    package var path: [String]

    /// The names by which links reach the section as a whole.
    package var anchors: [String]

    /// What stands under the heading, without a subtitle.
    package var blocks: [DocumentBlock]
}

/// A document by its headings.
package struct DocumentOutline: Equatable, Sendable {
    package var title: String

    /// Whether the title is the document's own, and not its file's name.
    package var hasOwnTitle: Bool

    /// What the page's subject is for, in the words of a reference page's name line: `ls — list directory contents`.
    ///
    /// It is a part of the title, hence no part of any section's text.
    package var purpose: String?

    /// On a reference page, the names by which links reach its title.
    package var titleAnchors: Set<String> = []

    package var sections: [DocumentSection]

    /// - Parameters:
    ///   - fallbackTitle: The title of a document that has none.
    ///   - capitalsAreStyle: Whether headings in capitals mean ordinary words, as in manual pages.
    package init(_ document: ParsedDocument, fallbackTitle: String, capitalsAreStyle: Bool = false) {
        var sections = [DocumentSection(heading: "", path: [], anchors: [], blocks: [])]
        var levels: [(level: Int, heading: String)] = []
        for block in document.blocks {
            guard case .heading(let level) = block.role else {
                sections[sections.count - 1].blocks.append(block)
                continue
            }
            let heading = HeadingText.cleaned(block.text.string, capitalsAreStyle: capitalsAreStyle)
            while let last = levels.last, last.level >= level { levels.removeLast() }
            levels.append((level, heading))
            sections.append(
                DocumentSection(heading: heading, path: levels.map(\.heading), anchors: block.anchors, blocks: []))
        }
        title = DocumentOutline.title(
            of: document, firstHeading: sections.dropFirst().first?.heading ?? "", capitalsAreStyle: capitalsAreStyle)
        hasOwnTitle = !title.isEmpty
        if title.isEmpty { title = fallbackTitle }
        if let (purpose, index) = DocumentOutline.takePurpose(from: &sections, title: title) {
            self.purpose = purpose
            titleAnchors = Set(sections[...index].flatMap(\.anchors))
        }
        self.sections = sections.filter { !$0.blocks.isEmpty }
        // Paths begin below the page's own title.
        for index in self.sections.indices where self.sections[index].path.first == title {
            self.sections[index].path.removeFirst()
        }
    }

    /// A site's name in the title (`Queries — Database 3.1 documentation`) gives way to the page's first heading.
    private static func title(
        of document: ParsedDocument, firstHeading: String, capitalsAreStyle: Bool
    ) -> String {
        let title = HeadingText.cleaned(
            document.title, capitalsAreStyle: capitalsAreStyle && document.title.contains(" "))
        if firstHeading.isEmpty { return title }
        if title.isEmpty { return firstHeading }
        for separator in [" — ", " – ", " - ", " | ", " :: ", " · "] {
            if title.hasPrefix(firstHeading + separator) || title.hasSuffix(separator + firstHeading) {
                return firstHeading
            }
        }
        return title
    }

    private static func takePurpose(
        from sections: inout [DocumentSection], title: String
    ) -> (purpose: String, section: Int)? {
        for index in sections.indices.prefix(3) {
            guard let first = sections[index].blocks.first, first.role == .paragraph,
                let (name, purpose) = nameLine(first.text.string)
            else { continue }
            let heading = sections[index].heading
            guard heading.lowercased() == "name" || name == heading || name == title else { continue }
            sections[index].blocks.removeFirst()
            return (purpose, index)
        }
        return nil
    }

    /// The parts of `name — purpose`.
    static func nameLine(_ text: String) -> (name: String, purpose: String)? {
        for dash in [" — ", " – ", " - ", " -- "] {
            guard let range = text.firstRange(of: dash) else { continue }
            let purpose = String(text[range.upperBound...]).trimming { $0.properties.isWhitespace || $0 == "." }
            let count = Words.count(purpose.utf8)
            guard count >= 1, count <= 40 else { return nil }
            return (String(text[..<range.lowerBound]).trimmingWhitespace(), purpose)
        }
        return nil
    }
}
