internal import Files

/// What vectors are searched by.
public enum IndexStructure: String, CaseIterable, Codable, Sendable {
    /// ``ExactIndex``: every vector is compared with the query, or ruled out by a bound.
    case exact
    /// ``GraphIndex``: the nearest are walked to, and some are missed.
    case graph
    /// ``PartitionIndex``: the nearest clusters are looked through, and some are missed.
    case partitions

    /// The structure whose file stands at a path, by its first letters; what begins otherwise passes for `exact`, whose
    /// opening says what is wrong with it.
    ///
    /// - Throws: `file`.
    public init(ofFile path: String) throws(VectorIndexError) {
        let file = try filing { () throws(FilesError) in try MappedFile(path: path) }
        func begins(with letters: [UInt8]) -> Bool { file.withUnsafeBytes { $0.starts(with: letters) } }
        self =
            begins(with: GraphFileLayout.magic)
            ? .graph : begins(with: PartitionFileLayout.magic) ? .partitions : .exact
    }
}
