public import Files

/// What can be wrong with a model or an adapter, or with fetching one.
///
/// Every case names the file; the description is one line that a person can act on.
public enum ModelFilesError: Error, Equatable, Sendable {
    /// A file could not be read or written.
    case file(FilesError)

    /// The content breaks the rules of its format.
    case malformed(path: String, reason: String)

    /// The file is well formed, but asks for something that is not implemented; `what` names it.
    case unsupported(path: String, what: String)

    case missingTensor(path: String, name: String)

    case unexpectedTensor(path: String, name: String)

    case wrongShape(path: String, tensor: String, expected: [Int], found: [Int])

    /// Neither a folder nor the name of a model that is on this machine.
    case notFound(reference: String, searched: [String])

    case wrongChecksum(path: String, expected: String, found: String)

    /// The hub did not deliver; `reason` is what the transfer said.
    case cannotDownload(url: String, reason: String)
}

extension ModelFilesError: CustomStringConvertible {
    public var description: String {
        let text =
            switch self {
            case .file(let error): error.description
            case .malformed(let path, let reason): "\(path): \(reason)"
            case .unsupported(let path, let what): "\(path): \(what) is not implemented"
            case .missingTensor(let path, let name): "\(path): tensor '\(name)' is missing"
            case .unexpectedTensor(let path, let name): "\(path): tensor '\(name)' has no place in this model"
            case .wrongShape(let path, let tensor, let expected, let found):
                "\(path): tensor '\(tensor)' has shape \(found), \(expected) expected"
            case .notFound(let reference, let searched):
                "no model '\(reference)' (looked in \(searched.joined(separator: ", "))): "
                    + "give a folder, or fetch it with 'attune model pull'"
            case .wrongChecksum(let path, let expected, let found):
                "\(path): its SHA-256 is \(found), \(expected) expected: the file is damaged or another one"
            case .cannotDownload(let url, let reason):
                "cannot fetch \(url): \(reason); with a copy at hand, use 'attune model pull NAME --from FOLDER'"
            }
        return text.onOneLine
    }

    /// Runs what may throw a `FilesError` and passes it on as a case of this type.
    static func wrapping<R>(_ body: () throws(FilesError) -> R) throws(ModelFilesError) -> R {
        do throws(FilesError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}
