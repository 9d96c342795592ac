public import Files
internal import ModelFiles
internal import VectorMath

/// Which vectors a head is for.
public enum HeadSide: String, Sendable, Codable, CaseIterable {
    /// Queries: documents and their index stay as they are.
    case query
    /// Documents that are stored already: queries stay as they are.
    case document
    /// Both: another space.
    case both
}

/// A head on disk: `head_config.json` and `head.safetensors`.
///
/// It names the space whose vectors it takes and the one that it maps into: a head on queries maps a space into itself, a bridge
/// one space into another. sentence-transformers has no such file; `ModelFolder.write(to:heads:)` writes a model with
/// the head inside, which it loads.
public struct HeadFolder: Sendable {
    /// The file of the settings.
    public static let configurationFile = "head_config.json"
    /// The file of the matrices.
    public static let tensorsFile = "head.safetensors"
    private static let format = 1

    /// The map.
    public let head: EmbeddingHead
    /// What it maps.
    public let side: HeadSide
    /// The space of the vectors that it takes.
    public let source: SpaceIdentity
    /// The space of the vectors that it gives; nil for one of its own, of documents that it has mapped too.
    public let target: SpaceIdentity?
    /// The model whose vectors it takes, as a user would name it.
    public let baseModel: String?
    /// The adapter on that model; nil for none.
    public let adapter: String?
    /// What is recorded of how the head was made, and how well it does; kept as it is.
    public let record: JSONValue

    /// A head between spaces; one for both sides has a target of its own, which nobody gives.
    public init(
        _ head: EmbeddingHead, side: HeadSide, source: SpaceIdentity, target: SpaceIdentity?, baseModel: String?,
        adapter: String? = nil, record: JSONValue = .null
    ) {
        precondition((side == .both) == (target == nil), "a head for both sides makes a space, others map into one")
        (self.head, self.side, self.source, self.target) = (head, side, source, target)
        (self.baseModel, self.adapter, self.record) = (baseModel, adapter, record)
    }

    /// Whether there is a head in a folder.
    public static func isPresent(in path: String) -> Bool {
        FileSystem.isFile(FileSystem.joined(path, configurationFile))
    }

    /// Opens and checks a head.
    public init(path: String) throws(LowRankError) {
        do throws(ModelFilesError) {
            try self.init(reading: path)
        } catch {
            throw .files(error)
        }
    }

    private init(reading path: String) throws(ModelFilesError) {
        let place = FileSystem.joined(path, Self.configurationFile)
        let json: JSONValue
        let file: SafetensorsFile
        do throws(FilesError) { json = try JSONValue.read(place) } catch { throw .file(error) }
        func malformed(_ reason: String) -> ModelFilesError { .malformed(path: place, reason: reason) }
        func text(_ key: String) throws(ModelFilesError) -> String {
            guard let text = json[key]?.stringValue else { throw malformed("'\(key)' is no text") }
            return text
        }
        func space(_ key: String) throws(ModelFilesError) -> SpaceIdentity {
            let digest = try text(key)
            guard let space = SpaceIdentity(digest: digest) else { throw malformed("'\(key)' is no digest: \(digest)") }
            return space
        }
        guard let format = json["format"]?.intValue else { throw malformed("'format' is no number") }
        guard format == Self.format else {
            throw .unsupported(path: place, what: "format \(format) of a head's files")
        }
        let kindName = try text("kind")
        guard let kind = EmbeddingHead.Kind(rawValue: kindName) else {
            throw .unsupported(path: place, what: "a head of kind '\(kindName)'")
        }
        let sideName = try text("side")
        guard let side = HeadSide(rawValue: sideName) else {
            throw .unsupported(path: place, what: "a head for the side '\(sideName)'")
        }
        let source = try space("source_space")
        let target = side == .both ? nil : try space("target_space")
        file = try SafetensorsFile(path: FileSystem.joined(path, Self.tensorsFile))
        self.init(
            try Self.head(kind, of: file), side: side, source: source, target: target,
            baseModel: json["base_model_name_or_path"]?.stringValue, adapter: json["adapter"]?.stringValue,
            record: json["record"] ?? .null)
    }

    private static func head(
        _ kind: EmbeddingHead.Kind, of file: SafetensorsFile
    ) throws(ModelFilesError) -> EmbeddingHead {
        for name in file.names where !kind.tensorNames.contains(name) {
            throw .unexpectedTensor(path: file.path, name: name)
        }
        var matrices: [Matrix<Float>] = []
        for name in kind.tensorNames {
            guard let tensor = file.tensor(name) else { throw .missingTensor(path: file.path, name: name) }
            guard tensor.shape.count == 2 else {
                throw .malformed(path: file.path, reason: "tensor '\(name)' is \(tensor.shape), a matrix expected")
            }
            let floats = tensor.floats()
            guard floats.allSatisfy(\.isFinite) else {
                throw .malformed(path: file.path, reason: "tensor '\(name)' holds a value that is not finite")
            }
            matrices.append(Matrix(rows: tensor.shape[0], columns: tensor.shape[1], elements: floats))
        }
        do throws(LowRankError) {
            return try EmbeddingHead(kind, matrices: matrices)
        } catch {
            throw .malformed(path: file.path, reason: error.description)
        }
    }

    /// Writes the two files into a folder that exists, such as that of a training run: first the tensors, then the configuration,
    /// each complete or not at all.
    public func write(into folder: String) throws(LowRankError) {
        var writer = SafetensorsWriter()
        for (name, matrix) in zip(head.kind.tensorNames, head.matrices) { writer.add(name, matrix: matrix.view) }
        var json: [String: JSONValue] = [
            "format": .integer(Int64(Self.format)), "kind": .string(head.kind.rawValue), "side": .string(side.rawValue),
            "input_width": .integer(Int64(head.inputWidth)), "output_width": .integer(Int64(head.outputWidth)),
            "source_space": .string(source.digest), "record": record,
            "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
            "adapter": adapter.map { .string($0) } ?? .null,
        ]
        if let target { json["target_space"] = .string(target.digest) }
        do throws(ModelFilesError) {
            try writer.write(to: FileSystem.joined(folder, Self.tensorsFile))
        } catch {
            throw .files(error)
        }
        do throws(FilesError) {
            try writeFile(
                JSONValue.object(json).serialized(pretty: true) + "\n",
                to: FileSystem.joined(folder, Self.configurationFile))
        } catch {
            throw .files(.file(error))
        }
    }

    /// Writes a folder, which appears under its name once it is complete.
    ///
    /// - Parameter force: Whether a folder that is already there is replaced.
    public func write(to path: String, force: Bool = false) throws(LowRankError) {
        func wrapping<R>(_ body: () throws(FilesError) -> R) throws(LowRankError) -> R {
            do throws(FilesError) { return try body() } catch { throw .files(.file(error)) }
        }
        let folder = try wrapping { () throws(FilesError) in try AtomicFolder(replacing: path, force: force) }
        try write(into: folder.temporaryPath)
        try wrapping { () throws(FilesError) in try folder.commit() }
    }
}
