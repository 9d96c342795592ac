import ArgumentParser
import Attune

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Get models and look at them.",
        subcommands: [ModelPull.self, ModelList.self, ModelInfo.self, ModelCalibrate.self])
}

struct ModelPull: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Put a model into $ATTUNE_HOME/models, its weights checked by checksum.")

    @Argument(help: "The hub name, such as sentence-transformers/all-MiniLM-L6-v2.")
    var name: String

    @Option(help: ArgumentHelp("Take the files from this folder instead of the hub.", valueName: "dir"))
    var from: String?

    @OptionGroup var force: ForceOption
    @Flag(help: "No progress and no remarks.") var quiet = false

    func run() throws {
        let path: String
        if let from {
            path = try ModelStore.shared.install(from: from, as: name, force: force.force)
        } else {
            let hub = HubDownload(showsProgress: !quiet && Console.isTerminal)
            path = try ModelStore.shared.pull(name, from: hub, force: force.force)
        }
        Console.print(path)
    }
}

struct ModelList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The models in $ATTUNE_HOME/models.")

    @Flag(help: "Print the result as one JSON document.") var json = false

    func run() throws {
        let models = try ModelStore.shared.list()
        if json {
            Console.print(
                .array(
                    models.map {
                        ["name": .string($0.name), "path": .string($0.path), "bytes": .integer(Int64($0.weightsSize))]
                    }))
        } else {
            for model in models {
                Console.print(Tables.pad(model.name, 48) + "\(model.weightsSize / 1_000_000) MB")
            }
        }
    }
}

struct ModelInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Architecture, dimensions, limits, pooling, prompts and the space of a model.")

    @Argument(help: "A model folder or a hub name.")
    var model: String

    @Flag(help: "Print the result as one JSON document.") var json = false

    func run() throws {
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        folder.warnings.forEach(Console.warn)
        let encoder = try TextEncoder(model: folder)
        let configuration = folder.configuration
        let fields: [(String, JSONValue)] = [
            ("path", .string(folder.path)),
            ("architecture", .string(configuration.modelType)),
            ("dimension", .integer(Int64(encoder.dimension))),
            ("layers", .integer(Int64(configuration.layers))),
            ("heads", .integer(Int64(configuration.heads))),
            ("vocabulary", .integer(Int64(configuration.vocabularySize))),
            ("max_length", .integer(Int64(folder.maxLength))),
            ("pooling", .string(folder.pooling.modes.map(\.rawValue).joined(separator: ", "))),
            ("normalizes", .bool(folder.normalizes)),
            ("prompts", .object(folder.prompts.mapValues { .string($0) })),
            ("weights_sha256", .string(try folder.weightsDigest().hex)),
            ("space", .string(encoder.space.digest)),
        ]
        json
            ? Console.print(.object(Dictionary(uniqueKeysWithValues: fields)))
            : Tables.fields(fields).forEach(Console.print)
    }
}
