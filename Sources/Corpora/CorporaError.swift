public import Files

/// What can go wrong with documents and data sets.
///
/// Every case names the path, and the line where there is one; the description is one line that a person can act on.
public enum CorporaError: Error, Equatable, Sendable {
    /// A file could not be opened, read or written, or breaks the rules of JSON, CSV or TSV.
    case file(FilesError)

    /// A line is well-formed but does not hold what a data set of its kind needs. `line` counts from 1.
    case malformed(path: String, line: Int?, reason: String)

    /// The columns of a table (or the keys of JSON Lines) are not those of any known kind of training data.
    case unknownColumns(path: String, found: [String], accepted: [String])

    /// A judgement names a document that is not in the corpus.
    case unknownDocument(path: String, line: Int, identifier: String)

    /// A judgement names a query that is not among the queries.
    case unknownQuery(path: String, line: Int, identifier: String)

    /// An identifier stands on two lines of a file.
    case duplicateIdentifier(path: String, line: Int, identifier: String, firstLine: Int)

    /// Something that must hold at least one entry ("documents", "queries", "rows", …) holds none.
    case empty(path: String, expected: String)

    /// The data set has no split of that name.
    case noSuchSplit(path: String, split: String, available: [String])

    /// The path is neither a data set's folder nor a data file.
    case notADataSet(path: String, reason: String)

    /// A setting is outside what makes sense.
    case invalidOption(name: String, found: String, expected: String)
}

extension CorporaError: CustomStringConvertible {
    public var description: String {
        let text =
            switch self {
            case .file(let error): error.description
            case .malformed(let path, let line?, let reason): "\(path):\(line): \(reason)"
            case .malformed(let path, nil, let reason): "\(path): \(reason)"
            case .unknownColumns(let path, let found, let accepted):
                "\(path): cannot tell what its columns mean: found \(found.joined(separator: ",")); "
                    + "accepted are \(accepted.joined(separator: " | "))"
            case .unknownDocument(let path, let line, let identifier):
                "\(path):\(line): document \"\(identifier)\" is not in the corpus"
            case .unknownQuery(let path, let line, let identifier):
                "\(path):\(line): query \"\(identifier)\" is not among the queries"
            case .duplicateIdentifier(let path, let line, let identifier, let firstLine):
                "\(path):\(line): \"\(identifier)\" stands on line \(firstLine) already"
            case .empty(let path, let expected): "\(path) holds no \(expected)"
            case .noSuchSplit(let path, let split, let available):
                available.isEmpty
                    ? "\(path) has no split \"\(split)\": it has none at all"
                    : "\(path) has no split \"\(split)\": it has \(available.joined(separator: ", "))"
            case .notADataSet(let path, let reason): "\(path) is not a data set: \(reason)"
            case .invalidOption(let name, let found, let expected): "\(name) is \(found): expected \(expected)"
            }
        return text.onOneLine
    }
}

/// Runs an operation on files; its errors become this target's.
func fromFiles<R>(_ body: () throws(FilesError) -> R) throws(CorporaError) -> R {
    do throws(FilesError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
