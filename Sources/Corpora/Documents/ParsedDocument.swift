/// A document's content as its scanner found it, whatever its format.
package struct ParsedDocument: Equatable, Sendable {
    /// The document's own title; empty where it has none.
    package var title: String

    /// Headings and texts in the order of the source; their ranges ascend and do not overlap.
    package var blocks: [DocumentBlock]

    package var links: [DocumentLink]

    /// Entries of a book's index, which say under which words a section is to be found.
    package var indexEntries: [DocumentLink]

    /// For each entry of a definition list the entry that it stands in, if any; an entry's number is its place here.
    package var entryParents: [Int?] = []

    package init(title: String = "") {
        self.title = title
        (blocks, links, indexEntries) = ([], [], [])
    }
}

/// A heading, or a stretch of text that reads as one: a paragraph, a list item, a table's row.
package struct DocumentBlock: Equatable, Sendable {
    package enum Role: Equatable, Sendable {
        /// 1 is the highest level.
        case heading(level: Int)
        case paragraph
        case item
        case row
        /// Lines matter: program code, a synopsis.
        case preformatted
        /// What a definition list's entry defines.
        case term
    }

    package var role: Role
    package var text: MappedText

    /// Where the block stands in the source, its own markup included, in bytes.
    package var range: Range<Int>

    /// The names by which links reach this place.
    package var anchors: [String] = []

    /// The innermost entry of a definition list that the block belongs to: its terms and all of its definition.
    package var entry: Int?

    /// How many bytes of the text are the text of links.
    package var linkedBytes = 0
}

/// A link: its text and where it leads, relative to the document.
package struct DocumentLink: Equatable, Sendable {
    package var text: String
    package var target: String
}
