import Files
import ModelFiles
import TestSupport

/// A copy of the tiny model that a test may change.
struct ModelCopy {
    let folder: TemporaryFolder
    var path: String { folder.file("model") }

    init() throws {
        folder = try TemporaryFolder()
        let source = SharedData.tinyBERT + "/model"
        for name in try FileSystem.list(source) {
            try folder.write(readFile(source + "/" + name), to: "model/" + name)
        }
    }

    func file(_ name: String) -> String { FileSystem.joined(path, name) }

    /// Changes one key of a JSON file; nil removes it. A file that is not there begins empty.
    func set(_ key: String, to value: JSONValue?, in name: String) throws {
        var members: [String: JSONValue] = [:]
        if FileSystem.exists(file(name)) { members = try JSONValue.read(file(name)).objectValue ?? [:] }
        members[key] = value
        try folder.write(JSONValue.object(members).serialized(), to: "model/" + name)
    }

    func write(_ value: JSONValue, to name: String) throws {
        try folder.write(value.serialized(), to: "model/" + name)
    }

    func remove(_ name: String) throws { try FileSystem.remove(file(name)) }
}
