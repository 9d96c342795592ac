internal import Files

/// One entry of `modules.json`: a step from texts to vectors.
public struct ModelModule: Sendable, Equatable {
    /// What the step does.
    public enum Kind: String, Sendable {
        case transformer = "Transformer"
        case pooling = "Pooling"
        case normalize = "Normalize"
        case dense = "Dense"
        case router = "Router"
    }

    /// What the step does.
    public let kind: Kind

    /// The sub-folder that configures it; empty for the model's own folder.
    public let path: String

    /// The entries of a `modules.json`, in order. Kinds are known by the last part of their Python path, which is the same
    /// in old and new versions of sentence-transformers; others are refused by name.
    static func list(path: String) throws(ModelFilesError) -> [ModelModule] {
        let document = try ModelFilesError.wrapping { () throws(FilesError) in try JSONValue.read(path) }
        guard let entries = document.arrayValue else {
            throw .malformed(path: path, reason: "an array expected, \(document.kind) found")
        }
        var modules: [ModelModule] = []
        for (place, entry) in entries.enumerated() {
            let object = try JSONObject(entry, path: path)
            if let index = try object.integer("idx"), index != place {
                throw .malformed(path: path, reason: "module \(place) says that it is number \(index)")
            }
            let type = try object.required("type", try object.string("type"))
            let name = type.split(separator: ".").last.map(String.init) ?? type
            guard let kind = Kind(rawValue: name) else { throw .unsupported(path: path, what: "module '\(name)'") }
            let folder = try object.string("path") ?? ""
            guard isInside(folder) else {
                throw .malformed(path: path, reason: "module \(place) lies outside of the model: '\(folder)'")
            }
            modules.append(ModelModule(kind: kind, path: folder))
        }
        // A router ends the sequence, and is all that follows normalisation; what normalises twice is the same as once.
        let kinds = modules.map(\.kind)
        let rest = kinds.dropFirst(2).drop { $0 == .normalize }
        guard kinds.starts(with: [.transformer, .pooling]),
            rest.allSatisfy({ $0 == .normalize || $0 == .dense }) || Array(rest) == [.router]
        else {
            let found = kinds.map(\.rawValue).joined(separator: ", ")
            throw .unsupported(path: path, what: "the sequence of modules \(found)")
        }
        return modules
    }

    /// Whether a path stays in the folder that it is relative to.
    static func isInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }
}
