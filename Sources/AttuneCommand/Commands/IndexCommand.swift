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
    @Option(
        help: ArgumentHelp(
            "The part of the ten nearest that is enough to find, such as 0.95 (default: nothing is missed). A collection too "
                + "large for an exact search in a millisecond is then searched by a graph, many times faster: a vector of 384 "
                + "dimensions takes 2,580 bytes of memory instead of 1,600, and 100,000 of them 10 to 20 seconds to build."
        ))
    var recall: Double?
    @Option(
        help: """
            What to search by: exact, graph, or partitions, which take a good third of a graph's bytes and are made in seconds, at half \
            its speed (default: exact or graph, as size, dimension and --recall suggest).
            """)
    var structure: IndexStructure?
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func validate() throws {
        if (input == nil) == (data == nil) { throw ValidationError("name either texts with -i or a data set with -d") }
        if let recall, !(recall > 0 && recall < 1) {
            throw ValidationError("--recall is \(recall); it must be above 0 and below 1")
        }
    }

    func run() throws {
        engine.apply()
        try force.check(index)
        let (encoder, reference) = try model.load(engine, quiet: printing.quiet)
        let passages = try passages()
        let progress = CollectionProgressBars(isQuiet: printing.quiet)
        let built = try TextCollection.build(
            at: index, passages: passages, encoder: encoder, model: reference, adapter: model.adapter,
            maxLength: maxLength, targetRecall: recall, structure: structure, cache: .standard, force: force.force
        ) { progress.update($0) }
        progress.finish()
        let info = try built.collection.info()
        if printing.json {
            Console.print([
                "path": .string(index), "passages": .integer(Int64(info.count)),
                "dimension": .integer(Int64(encoder.dimension)), "space": .string(encoder.space.digest),
                "structure": .string(info.structure.rawValue), "guarantee": info.guarantee.jsonValue,
            ])
        } else {
            Console.print("\(index): \(info.count) passages of space \(encoder.space)")
            if info.structure != .exact { Console.print("searched by \(info.structure.phrase): \(info.guarantee)") }
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
        let (identity, info) = (collection.identity, try collection.info())
        let fields: [(String, JSONValue)] = [
            ("path", .string(index)),
            ("passages", .integer(Int64(collection.count))),
            ("dimension", .integer(Int64(identity.dimension))),
            ("space", .string(identity.space.digest)),
            ("model", .string(identity.model)),
            ("adapter", identity.adapter.map { .string($0) } ?? .null),
            ("max_length", identity.maxLength.map { .integer(Int64($0)) } ?? .null),
            ("recipe", .string(identity.recipe)),
            ("structure", .string(info.structure.rawValue)),
            ("guarantee", json ? info.guarantee.jsonValue : .string("\(info.guarantee)")),
            ("target_recall", identity.targetRecall.map { .number($0) } ?? .null),
            ("bytes_per_vector", .integer(Int64(info.bytesPerVector))),
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
