import ArgumentParser
import Attune

struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Collections of passages and their vectors, to search.",
        subcommands: [IndexBuild.self, IndexInfo.self, IndexVerify.self])
}

struct IndexBuild: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Embed passages and make a collection of them.")

    @Argument(help: "The collection's folder.") var index: String
    @OptionGroup var model: ModelOptions
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A text a line, .jsonl with \"text\", or - for stdin.", valueName: "file"))
    var input: String?
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A data set: its corpus is indexed, each passage below its page's title and headings.", valueName: "folder")
    )
    var data: String?
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func validate() throws {
        if (input == nil) == (data == nil) { throw ValidationError("name either texts with -i or a data set with -d") }
    }

    func run() throws {
        engine.apply()
        try force.check(index)
        let (encoder, reference) = try model.load(engine, quiet: printing.quiet)
        let passages = try passages()
        let progress = Progress("index", unit: "passages", isQuiet: printing.quiet)
        let built = try TextCollection.build(
            at: index, passages: passages, encoder: encoder, model: reference, adapter: model.adapter,
            maxLength: maxLength, cache: .standard, force: force.force
        ) { progress.update(done: $0, total: $1) }
        progress.finish()
        let count = built.collection.count
        if printing.json {
            Console.print([
                "path": .string(index), "passages": .integer(Int64(count)),
                "dimension": .integer(Int64(encoder.dimension)), "space": .string(encoder.space.digest),
            ])
        } else {
            Console.print("\(index): \(count) passages of space \(encoder.space)")
        }
    }

    private func passages() throws -> [Passage] {
        guard let data else { return try TextInput.read(input ?? "-") }
        guard case .retrieval(let set) = try DataSet.open(data) else {
            throw CommandError("\(data): index build needs a data set with a corpus")
        }
        return set.corpus.map(\.inContext)
    }
}

struct IndexInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "What a collection holds, and what it was embedded with.")

    @Argument(help: "The collection's folder.") var index: String
    @Flag(help: "Print the result as one JSON document.") var json = false

    func run() throws {
        let collection = try Collection(path: index)
        let identity = collection.identity
        let fields: [(String, JSONValue)] = [
            ("path", .string(index)),
            ("passages", .integer(Int64(collection.count))),
            ("dimension", .integer(Int64(identity.dimension))),
            ("space", .string(identity.space.digest)),
            ("model", .string(identity.model)),
            ("adapter", identity.adapter.map { .string($0) } ?? .null),
            ("max_length", identity.maxLength.map { .integer(Int64($0)) } ?? .null),
            ("recipe", .string(identity.recipe)),
        ]
        json
            ? Console.print(.object(Dictionary(uniqueKeysWithValues: fields)))
            : Tables.fields(fields).forEach(Console.print)
    }
}

struct IndexVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read all of a collection and check it; exit code 2 where something is wrong.")

    @Argument(help: "The collection's folder.") var index: String
    @Flag(help: "Print the result as one JSON document.") var json = false

    func run() throws {
        let collection = try Collection(path: index)
        let problems = try collection.verify()
        if json {
            Console.print([
                "path": .string(index), "passages": .integer(Int64(collection.count)),
                "problems": .array(problems.map { .string($0) }),
            ])
        } else if problems.isEmpty {
            Console.print("\(index): \(collection.count) passages, everything is as it was written")
        } else {
            problems.forEach(Console.print)
        }
        if !problems.isEmpty { throw Failure.no }
    }
}
