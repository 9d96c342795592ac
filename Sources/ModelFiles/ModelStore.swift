internal import Files

/// The models that were pulled onto this machine, in folders `organisation/name`.
public struct ModelStore: Sendable {
    /// The store of this user, `$ATTUNE_HOME/models`.
    public static var shared: ModelStore { ModelStore(folder: AttuneHome.models) }

    /// The SHA-256 of `model.safetensors` for models that are known beforehand.
    public static let knownChecksums = [
        "sentence-transformers/all-MiniLM-L6-v2": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    ]

    /// The folder that holds a folder for each organisation.
    public let folder: String

    /// A store in a folder, which is made when the first model comes.
    public init(folder: String) { self.folder = folder }

    /// A model in the store.
    public struct Entry: Sendable, Equatable {
        /// As on the hub.
        public let name: String

        /// The model's folder.
        public let path: String

        /// Bytes of the weights.
        public let weightsSize: Int
    }

    /// The models of the store, sorted by name.
    public func list() throws(ModelFilesError) -> [Entry] {
        guard FileSystem.isDirectory(folder) else { return [] }
        return try ModelFilesError.wrapping { () throws(FilesError) in
            var entries: [Entry] = []
            for organisation in try FileSystem.names(in: folder) where !organisation.hasPrefix(".") {
                let parent = FileSystem.joined(folder, organisation)
                guard FileSystem.isDirectory(parent) else { continue }
                for model in try FileSystem.names(in: parent) where !model.hasPrefix(".") {
                    let path = FileSystem.joined(parent, model)
                    let weights = FileSystem.joined(path, ModelLayout.weights)
                    guard FileSystem.isFile(weights) else { continue }
                    entries.append(
                        Entry(
                            name: "\(organisation)/\(model)", path: path,
                            weightsSize: try FileSystem.size(of: weights)))
                }
            }
            return entries
        }
    }

    /// Copies a model from a folder into the store.
    ///
    /// - Parameters:
    ///   - name: `organisation/name`; a bare name goes under `sentence-transformers`.
    ///   - expectedSHA256: What `model.safetensors` must have; without it, what `knownChecksums` says, if anything.
    /// - Returns: The folder in the store. Nothing changes there unless the whole model arrived, has the right checksum and can
    ///   be read.
    @discardableResult
    public func install(
        from source: String, as name: String, expectedSHA256: String? = nil, force: Bool = false
    ) throws(ModelFilesError) -> String {
        try add(name, expectedSHA256: expectedSHA256, force: force) { (destination) throws(ModelFilesError) in
            // Opening it says in one line what is wrong with the source.
            let model = try ModelFolder(path: source)
            try model.copyFiles(to: destination, card: true)
            try ModelFilesError.wrapping { () throws(FilesError) in
                let folder = FileSystem.joined(destination, model.modules[0].path)
                try FileSystem.makeDirectory(folder)
                try FileSystem.copyFile(model.weightsPath, to: FileSystem.joined(folder, ModelLayout.weights))
            }
        }
    }

    /// Fetches a model from the hub into the store. The parameters are those of `install`.
    @discardableResult
    public func pull(
        _ name: String, from hub: HubDownload = HubDownload(), expectedSHA256: String? = nil, force: Bool = false
    ) throws(ModelFilesError) -> String {
        let fullName = ModelStore.fullName(name)
        return try add(fullName, expectedSHA256: expectedSHA256, force: force) {
            (destination) throws(ModelFilesError) in try hub.fetch(fullName, into: destination)
        }
    }

    private func add(
        _ name: String, expectedSHA256: String?, force: Bool,
        _ fill: (_ folder: String) throws(ModelFilesError) -> Void
    ) throws(ModelFilesError) -> String {
        let name = ModelStore.fullName(name)
        guard ModelReference.isHubName(name) else {
            throw .malformed(path: name, reason: "no name of a model: ORGANISATION/NAME expected")
        }
        let destination = FileSystem.joined(folder, name)
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.makeDirectory(FileSystem.parent(of: destination))
            return try AtomicFolder(replacing: destination, force: force)
        }
        try fill(folder.temporaryPath)
        let model = try ModelFolder(path: folder.temporaryPath)
        if let expected = expectedSHA256 ?? ModelStore.knownChecksums[name] {
            let found = try ModelFilesError.wrapping { () throws(FilesError) in
                try SHA256Digest.of(fileAt: model.weightsPath).hex
            }
            guard found == expected.lowercased() else {
                throw .wrongChecksum(
                    path: FileSystem.joined(destination, ModelLayout.weights), expected: expected, found: found)
            }
        }
        _ = try model.tensors()
        try ModelFilesError.wrapping { () throws(FilesError) in try folder.commit() }
        return destination
    }

    static func fullName(_ name: String) -> String {
        name.contains("/") ? name : "sentence-transformers/" + name
    }
}
