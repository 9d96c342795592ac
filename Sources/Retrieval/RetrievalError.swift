public import Files
public import VectorIndex

/// What can be wrong with a collection, or with what it is asked.
public enum RetrievalError: Error, Equatable, Sendable {
    /// The folder is no collection.
    case notACollection(path: String, reason: String)
    /// A collection of a schema that this version does not read.
    case unsupportedSchema(path: String, found: Int, supported: Int)
    /// Vectors of one space were to meet vectors of another.
    case spaceMismatch(path: String, expected: SpaceIdentity, found: SpaceIdentity)
    /// Two passages with the same id in one call.
    case duplicatePassage(id: String)
    /// Not as many vectors as passages.
    case countMismatch(passages: Int, vectors: Int)
    /// Nothing to put into a collection.
    case noPassages
    /// A recall outside 0 < r < 1 was asked for.
    case wrongTargetRecall(Double)
    /// What the database holds is not what was written, or contradicts itself.
    case damaged(path: String, reason: String)
    /// The database said no.
    case database(path: String, reason: String)
    /// The index said no.
    case index(VectorIndexError)
    /// The encoder said no: its own words.
    case encoder(reason: String)
    /// The disk said no.
    case file(FilesError)
}

extension RetrievalError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notACollection(let path, let reason):
            "\(path) is not a collection: \(reason)"
        case .unsupportedSchema(let path, let found, let supported):
            "\(path) has schema \(found), this version reads schemas up to \(supported)"
        case .spaceMismatch(let path, let expected, let found):
            "\(path) holds vectors of space \(expected), this model and adapter give vectors of space \(found): "
                + "name the model and adapter that it was built with, or build it anew"
        case .duplicatePassage(let id):
            "two passages have the id '\(id)'"
        case .countMismatch(let passages, let vectors):
            "\(vectors) vectors were given for \(passages) passages"
        case .noPassages:
            "there are no passages to put into the collection"
        case .wrongTargetRecall(let recall):
            "a recall of \(recall) was asked for; it must be above 0 and below 1"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
        case .database(let path, let reason):
            "\(path): \(reason)"
        case .index(let error): error.description
        case .encoder(let reason): reason
        case .file(let error): error.description
        }
    }
}

/// What the disk says, as a collection's error.
func filing<T>(_ body: () throws(FilesError) -> T) throws(RetrievalError) -> T {
    do throws(FilesError) {
        return try body()
    } catch {
        throw .file(error)
    }
}

/// What an index says, as a collection's error.
func indexing<T>(_ body: () throws(VectorIndexError) -> T) throws(RetrievalError) -> T {
    do throws(VectorIndexError) {
        return try body()
    } catch {
        throw .index(error)
    }
}
