internal import Files

/// What vectors are searched by.
public enum IndexStructure: String, CaseIterable, Codable, Sendable {
    /// ``ExactIndex``: every vector is compared with the query, or ruled out by a bound.
    case exact
    /// ``GraphIndex``: the nearest are walked to, and some are missed.
    case graph

    /// The structure whose file stands at a path, by its first letters; what begins otherwise passes for `exact`, whose
    /// opening says what is wrong with it.
    ///
    /// - Throws: `file`.
    public init(ofFile path: String) throws(VectorIndexError) {
        let file = try filing { () throws(FilesError) in try MappedFile(path: path) }
        let isGraph = file.withUnsafeBytes { $0.starts(with: GraphFileLayout.magic) }
        self = isGraph ? .graph : .exact
    }
}
