import Files
import TestSupport
import Testing

@testable import ModelFiles

@Suite("The store of models")
struct ModelStoreTests {
    let folder: TemporaryFolder
    let store: ModelStore
    private let source = SharedData.tinyBERT + "/model"

    init() throws {
        folder = try TemporaryFolder()
        store = ModelStore(folder: folder.file("models"))
    }

    private var stored: [String] { get throws { try FileSystem.list(store.folder) } }

    @Test("a model is copied from a folder, listed, and found by its name")
    func installs() throws {
        #expect(try store.list() == [])
        let path = try store.install(from: source, as: "org/tiny")
        #expect(path == folder.file("models/org/tiny"))
        #expect(try ModelFolder(path: path).weightsDigest() == ModelFolder(path: source).weightsDigest())
        #expect(try FileSystem.list(path) == FileSystem.list(source))
        try store.install(from: source, as: "bare")
        let size = try FileSystem.size(of: source + "/model.safetensors")
        #expect(
            try store.list() == [
                .init(name: "org/tiny", path: path, weightsSize: size),
                .init(
                    name: "sentence-transformers/bare", path: folder.file("models/sentence-transformers/bare"),
                    weightsSize: size),
            ])
        #expect(try ModelReference.resolve("org/tiny", models: store.folder, hubCache: "/nowhere") == path)
        #expect(ModelReference.hubName(ofFolder: path, models: store.folder) == "org/tiny")
    }

    @Test("only the model's files are copied")
    func leavesOthers() throws {
        let copy = try ModelCopy()
        try copy.folder.write("large", to: "model/onnx/model.onnx")
        try copy.folder.write("private", to: "model/notes.txt")
        try copy.folder.write("# Card", to: "model/README.md")
        let path = try store.install(from: copy.path, as: "org/tiny")
        #expect(try FileSystem.list(path) == (FileSystem.list(source) + ["README.md"]).sorted())
    }

    @Test("an existing model is replaced only with force")
    func refusesToReplace() throws {
        let path = try store.install(from: source, as: "org/tiny")
        #expect(throws: ModelFilesError.file(.alreadyExists(path: path))) {
            try store.install(from: source, as: "org/tiny")
        }
        try store.install(from: source, as: "org/tiny", force: true)
        #expect(try store.list().count == 1)
    }

    @Test("weights with another checksum are refused, given or known beforehand, and nothing is left behind")
    func checksDigest() throws {
        let found = try SHA256Digest.of(fileAt: source + "/model.safetensors").hex
        let wrong = String(repeating: "0", count: 64)
        #expect(
            throws: ModelFilesError.wrongChecksum(
                path: folder.file("models/org/tiny/model.safetensors"), expected: wrong, found: found)
        ) { try store.install(from: source, as: "org/tiny", expectedSHA256: wrong) }
        #expect(throws: ModelFilesError.self) {
            try store.install(from: source, as: "sentence-transformers/all-MiniLM-L6-v2")
        }
        #expect(try stored == [])
        try store.install(from: source, as: "org/tiny", expectedSHA256: found.uppercased())
    }

    @Test("the real model has the checksum that is known", .enabled(if: SharedData.hasMiniLM))
    func installsMiniLM() throws {
        let path = try store.install(from: SharedData.miniLM, as: "all-MiniLM-L6-v2")
        #expect(try ModelFolder(path: path).maxLength == 256)
    }

    @Test("a folder that is no model, damaged weights and names that are none are refused, and nothing is left behind")
    func refuses() throws {
        let copy = try ModelCopy()
        let bytes = try readFile(copy.file("model.safetensors"))
        try copy.folder.write(Array(bytes.dropLast()), to: "model/model.safetensors")
        #expect(throws: ModelFilesError.self) { try store.install(from: copy.path, as: "org/tiny") }
        #expect(throws: ModelFilesError.self) { try store.install(from: folder.path, as: "org/tiny") }
        for name in ["../x", "a/b/c", "/etc/x", "a b/c", "", "org/", "org/.."] {
            #expect(throws: ModelFilesError.self, "\(name)") { try store.install(from: source, as: name) }
        }
        #expect(try stored == [])
    }
}

@Suite("Names of models")
struct ModelReferenceTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func resolve(_ reference: String) throws -> String {
        try ModelReference.resolve(reference, models: folder.file("models"), hubCache: folder.file("hub"))
    }

    @Test("a folder is taken as it is")
    func takesFolders() throws {
        #expect(try resolve(folder.path) == folder.path)
        #expect(try ModelReference.resolve(folder.path) == folder.path)
    }

    @Test("a name is looked for in the store, then in the Hugging Face cache")
    func looksForNames() throws {
        let hub = folder.file("hub/models--org--name")
        try folder.write("abc123\n", to: "hub/models--org--name/refs/main")
        #expect(throws: ModelFilesError.self) { try resolve("org/name") }
        try folder.write("{}", to: "hub/models--org--name/snapshots/abc123/config.json")
        try folder.write("{}", to: "hub/models--org--name/snapshots/older/config.json")
        #expect(try resolve("org/name") == hub + "/snapshots/abc123")
        #expect(ModelReference.hubName(ofFolder: hub + "/snapshots/abc123", models: "/nowhere") == "org/name")
        try folder.write("{}", to: "models/org/name/modules.json")
        #expect(try resolve("org/name") == folder.file("models/org/name"))
    }

    @Test("a name without an organisation is looked for under sentence-transformers too")
    func looksForBareNames() throws {
        try folder.write("{}", to: "models/sentence-transformers/tiny/config.json")
        #expect(try resolve("tiny") == folder.file("models/sentence-transformers/tiny"))
        try folder.write("rev", to: "hub/models--sentence-transformers--small/refs/main")
        try folder.write("{}", to: "hub/models--sentence-transformers--small/snapshots/rev/config.json")
        #expect(try resolve("small").hasSuffix("hub/models--sentence-transformers--small/snapshots/rev"))
    }

    @Test("a snapshot outside of the cache is refused", arguments: ["../../../..", "", "/etc", ".."])
    func refusesSnapshots(revision: String) throws {
        try folder.write(revision, to: "hub/models--org--name/refs/main")
        #expect(throws: ModelFilesError.self) { try resolve("org/name") }
    }

    @Test("says where it looked, and what to do")
    func reportsPlaces() {
        #expect(
            errorMessage { try resolve("org/none") }
                == "no model 'org/none' (looked in \(folder.file("models")), \(folder.file("hub"))): give a folder, or fetch it with 'attune model pull'"
        )
        #expect(errorMessage { try resolve("./none") }?.hasPrefix("no model './none' (looked in that folder)") == true)
    }
}

@Suite("Fetching from a hub", .enabled(if: LocalServer.isAvailable, "python3 serves as the hub"))
struct HubDownloadTests {
    let folder: TemporaryFolder
    let store: ModelStore
    private let server: LocalServer
    private let repository = "hub/org/tiny/resolve/main"

    init() throws {
        folder = try TemporaryFolder()
        store = ModelStore(folder: folder.file("models"))
        let source = SharedData.tinyBERT + "/model"
        for name in try FileSystem.list(source) {
            try folder.write(readFile(source + "/" + name), to: "\(repository)/\(name)")
        }
        server = try LocalServer(serving: folder.file("hub"))
    }

    private var hub: HubDownload { HubDownload(endpoint: server.address + "/") }

    @Test("a model arrives whole")
    func fetches() throws {
        let path = try store.pull("org/tiny", from: hub)
        #expect(path == folder.file("models/org/tiny"))
        let source = SharedData.tinyBERT + "/model"
        #expect(try FileSystem.list(path) == FileSystem.list(source))
        for name in try FileSystem.list(source) {
            #expect(try readFile(path + "/" + name) == readFile(source + "/" + name), "\(name)")
        }
        #expect(throws: ModelFilesError.file(.alreadyExists(path: path))) { try store.pull("org/tiny", from: hub) }
        try store.pull("org/tiny", from: hub, force: true)
    }

    @Test("files that a model may do without are not missed")
    func doesWithoutOptionalFiles() throws {
        for name in ["vocab.txt", "special_tokens_map.json", "modules.json"] {
            try FileSystem.remove(folder.file("\(repository)/\(name)"))
        }
        let path = try store.pull("org/tiny", from: hub)
        #expect(try !ModelFolder(path: path).warnings.isEmpty)
    }

    @Test("a missing part, a model of another kind and a wrong checksum leave nothing behind", arguments: 0..<4)
    func leavesNothing(case number: Int) throws {
        let config = try JSONValue.read(folder.file("\(repository)/config.json")).objectValue ?? [:]
        let message: String
        switch number {
        case 0:
            try FileSystem.remove(folder.file("\(repository)/model.safetensors"))
            message =
                "cannot fetch \(server.address)/org/tiny/resolve/main/model.safetensors: the hub has no such file (404); with a copy at hand, use 'attune model pull NAME --from FOLDER'"
        case 1:
            try FileSystem.remove(folder.file("\(repository)/1_Pooling"))
            message =
                "cannot fetch \(server.address)/org/tiny/resolve/main/1_Pooling/config.json: the hub has no such file (404); with a copy at hand, use 'attune model pull NAME --from FOLDER'"
        case 2:
            let other = config.merging(["model_type": "mpnet"]) { $1 }
            try folder.write(JSONValue.object(other).serialized(), to: "\(repository)/config.json")
            message = "model type 'mpnet' (only 'bert' is) is not implemented"
        default:
            try folder.write([0], to: "\(repository)/model.safetensors")
            message = "is cut short: 8 bytes expected, 1 found"
        }
        let found = errorMessage { try store.pull("org/tiny", from: hub) }
        #expect(found?.hasSuffix(message) == true, "\(found ?? "fetched")")
        #expect(try FileSystem.list(store.folder) == [])
        #expect(try FileSystem.names(in: store.folder + "/org") == [])
    }

    @Test("a wrong checksum is refused")
    func checksDigest() throws {
        #expect(throws: ModelFilesError.self) {
            try store.pull("org/tiny", from: hub, expectedSHA256: String(repeating: "0", count: 64))
        }
        #expect(try FileSystem.list(store.folder) == [])
    }

    @Test("a hub that cannot be reached is one clear line that says what else to do")
    func reportsUnreachableHub() throws {
        let nobody = HubDownload(endpoint: "http://127.0.0.1:1")
        let message = try #require(errorMessage { try store.pull("org/tiny", from: nobody) })
        #expect(message.hasPrefix("cannot fetch http://127.0.0.1:1/org/tiny/resolve/main/modules.json: curl: (7) "))
        #expect(message.hasSuffix("; with a copy at hand, use 'attune model pull NAME --from FOLDER'"))
        #expect(!message.contains("\n"))
        #expect(throws: ModelFilesError.self) { try store.pull("org/tiny", from: HubDownload(endpoint: "file:///etc")) }
        #expect(throws: ModelFilesError.self) { try store.pull("../x", from: hub) }
    }
}
