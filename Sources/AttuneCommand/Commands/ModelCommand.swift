import ArgumentParser
import Attune

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Get models and look at them.",
        subcommands: [ModelPull.self, ModelList.self, ModelInfo.self])
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
            path = try ModelStore.install(from: from, as: name, force: force.force)
        } else {
            path = try HubDownload(name: name).install(force: force.force) { file in
                Console.note("pull: \(file)", quiet: quiet)
            }
        }
        Console.print(path)
    }
}

struct ModelList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The models in $ATTUNE_HOME/models.")

    @Flag(help: "Print the result as one JSON document.") var json = false

    func run() throws {
        let names = try ModelStore.list()
        if json {
            Console.print(.array(names.map { .string($0) }))
        } else {
            names.forEach(Console.print)
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
        if json {
            Console.print(.object(Dictionary(uniqueKeysWithValues: fields)))
        } else {
            for (name, value) in fields {
                let padding = String(repeating: " ", count: max(1, 16 - name.count))
                Console.print(name + padding + (value.stringValue ?? value.serialized(pretty: false)))
            }
        }
    }
}
