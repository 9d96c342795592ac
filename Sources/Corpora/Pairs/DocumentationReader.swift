internal import Files

/// Finds and reads the documents of a documentation tree.
public struct DocumentationReader: Sendable {
    /// A document that has not been read.
    public struct Document: Equatable, Sendable {
        /// Relative to the root.
        public let path: String
        public let format: DocumentFormat
    }

    public let root: String
    public let options: PassageOptions

    /// The most bytes that one document may have.
    public static let documentLimit = 1 << 27

    public init(root: String, options: PassageOptions = PassageOptions()) {
        self.root = root
        self.options = options
    }

    /// The documents below the root, sorted by path: what has a name of one of the formats and is not hidden.
    public func documents() throws(CorporaError) -> [Document] {
        try options.validate()
        let paths = try fromFiles { () throws(FilesError) in try FileSystem.list(root) }
        return paths.compactMap { path in
            if path.hasPrefix(".") || path.contains("/.") { return nil }
            return DocumentFormat(path: path).map { Document(path: path, format: $0) }
        }
    }

    /// Reads one document and cuts it into passages.
    ///
    /// Documents are independent of one another, so that a caller may read several at once.
    ///
    /// - Returns: nil for a file that is none of what its name says: a binary file, or one that ends in a digit and is
    ///   no manual page.
    public func read(_ document: Document) throws(CorporaError) -> DocumentationPage? {
        let path = FileSystem.joined(root, document.path)
        let bytes = try fromFiles { () throws(FilesError) in
            try readFile(path, limit: DocumentationReader.documentLimit)
        }
        if DocumentFormat.isBinary(bytes) { return nil }
        if document.format == .manualPage, !DocumentFormat.isManualPage(bytes) { return nil }
        return DocumentationPage(bytes, path: document.path, format: document.format, options: options)
    }
}
