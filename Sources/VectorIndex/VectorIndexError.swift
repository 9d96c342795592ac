public import Files

/// What can be wrong with what an index is given, or with its file.
public enum VectorIndexError: Error, Equatable, Sendable {
    /// Vectors of another width than the index has.
    case wrongDimension(expected: Int, found: Int)
    /// Not as many ids as vectors.
    case countMismatch(ids: Int, vectors: Int)
    /// A vector with NaN or infinity in it, or so long that distances to it would overflow. `row` counts from 0.
    case notFinite(row: Int)
    /// The bytes at the path are no index.
    case notAnIndex(path: String)
    /// An index of a format that this version does not read.
    case unsupportedVersion(path: String, found: Int, supported: Int)
    /// The file's bytes are not those that were written, or contradict one another.
    case damaged(path: String, reason: String)
    /// The file is shorter or longer than its header says, in bytes.
    case wrongSize(path: String, expected: Int, found: Int)
    /// The disk said no.
    case file(FilesError)
    /// A commit was ended by its progress function; nothing has changed.
    case cancelled
}

extension VectorIndexError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .wrongDimension(let expected, let found):
            "the index holds vectors of \(expected) dimensions, these have \(found)"
        case .countMismatch(let ids, let vectors): "\(ids) ids were given for \(vectors) vectors"
        case .notFinite(let row): "vector \(row) has a component that is NaN, infinite or too large"
        case .notAnIndex(let path): "\(path) is not a vector index"
        case .unsupportedVersion(let path, let found, let supported):
            "\(path) has index format \(found), this version reads formats up to \(supported)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
        case .wrongSize(let path, let expected, let found):
            "\(path) is damaged: its header says \(expected) bytes, the file has \(found)"
        case .file(let error): error.description
        case .cancelled: "the commit was cancelled"
        }
    }
}
