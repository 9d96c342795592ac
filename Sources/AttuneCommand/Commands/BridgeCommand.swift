import ArgumentParser
import Attune

struct BridgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge",
        abstract:
            "Map queries of a new encoder into the space of an old one's index, which serves until it is re-embedded.",
        discussion: """
            Texts are embedded by both; a rotation and low-rank affine maps are fitted, and the one that finds most on held-out \
            queries is kept. `-A BRIDGE` then asks the old index with the new encoder's queries; BRIDGE/documents maps the \
            vectors that are stored. The expected recall is the part of the ten nearest after re-embedding that is found.
            """)

    @Argument(help: ArgumentHelp("What the index was built with: a model, an adapter or a run.", valueName: "old"))
    var old: String
    @Argument(help: ArgumentHelp("What is to follow it: a model, an adapter or a run.", valueName: "new"))
    var new: String
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A data set: its corpus, and the queries of a split.", valueName: "folder"))
    var data: String?
    @Option(help: "The split whose queries are taken.") var split = "train"
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Texts: a file, .jsonl, or - for stdin; a third of them are asked for among the others.",
            valueName: "file"))
    var input: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("The bridge's folder.", valueName: "folder")) var output: String
    @Option(help: "Documents that are embedded by both, at most; so many of a larger corpus are drawn.") var sample =
        5000
    @Option(help: "Queries that are embedded by both, at most.") var queries = 5000
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @Option(help: "Decides what is drawn, and which queries are held out.") var seed: UInt64 = 0
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func validate() throws {
        if (input == nil) == (data == nil) { throw ValidationError("name either texts with -i or a data set with -d") }
        if sample < 1 || queries < 1 { throw ValidationError("--sample and --queries must be at least 1") }
    }

    func run() throws {
        engine.apply()
        try force.check(output)
        let (oldEncoder, _, _) = try Models.load(named: old, engine, quiet: printing.quiet)
        let (newEncoder, newModel, newAdapter) = try Models.load(named: new, engine, quiet: printing.quiet)
        guard oldEncoder.space != newEncoder.space else {
            throw CommandError(
                "\(old) and \(new) embed into the same space \(oldEncoder.space): there is nothing to bridge")
        }
        guard newEncoder.head == nil else { throw CommandError("\(new) has a head already: a bridge is one itself") }
        let texts = try texts()
        let documents = try VectorsInTwoSpaces(
            old: embed(texts.documents, asQueries: false, oldEncoder, "old documents"),
            new: embed(texts.documents, asQueries: false, newEncoder, "new documents"))
        let asked = try VectorsInTwoSpaces(
            old: embed(texts.queries, asQueries: true, oldEncoder, "old queries"),
            new: embed(texts.queries, asQueries: true, newEncoder, "new queries"))
        Interruption.letWorkStopItself()
        let start = Console.now()
        let built = try BridgeBuilder(documents: documents, queries: asked, seed: seed)
            .build { Interruption.isRequested }
        let seconds = Console.now() - start
        let record: JSONValue = [
            "old": .string(old), "new": .string(new), "texts": .string(data ?? input ?? ""),
            "queries": Self.json(built.queries, built.queryRecall),
            "documents": Self.json(built.documents, built.documentRecall), "seconds": .number(seconds),
        ]
        let folder = try AtomicFolder(replacing: output, force: force.force)
        try HeadFolder(
            built.queries.head, side: .query, source: newEncoder.space, target: oldEncoder.space, baseModel: newModel,
            adapter: newAdapter, record: record
        ).write(into: folder.temporaryPath)
        let stored = FileSystem.joined(folder.temporaryPath, "documents")
        try FileSystem.makeDirectory(stored)
        try HeadFolder(
            built.documents.head, side: .document, source: oldEncoder.space, target: newEncoder.space, baseModel: nil,
            record: record
        ).write(into: stored)
        try folder.commit()
        if printing.json { return Console.print(record) }
        Console.print(
            "\(output): new queries in the old index: \(built.queries.form); stored vectors in the new space: "
                + "\(built.documents.form) (\(Console.fixed(seconds, 1)) s)")
        for (name, recall) in [("new queries, old index", built.queryRecall), ("mapped index", built.documentRecall)] {
            Console.print(
                "  \(name): expected recall@10 of what re-embedding finds \(Console.fixed(recall.recall, 3)) "
                    + "[\(Console.fixed(recall.interval.lowerBound, 3)), \(Console.fixed(recall.interval.upperBound, 3))], "
                    + "without a bridge \(Console.fixed(recall.withoutBridge, 3)) "
                    + "(\(recall.queries) queries, \(recall.documents) documents)")
        }
    }

    private static func json(_ bridge: Bridge, _ recall: BridgeRecall) -> JSONValue {
        ["form": .string(bridge.form.description), "expected": recall.json]
    }

    /// What is embedded, drawn where there is more than is asked for.
    private func texts() throws -> (documents: [String], queries: [String]) {
        if let input {
            let texts = drawn(try TextInput.read(input).map(\.text), .max, stream: 5)
            let count = texts.count / 3
            return (Array(texts[count...].prefix(sample)), Array(texts[..<count].prefix(queries)))
        }
        let path = data ?? ""
        let set = try DataSet.open(path).retrievalTask(split: split, path: path)
        let judged = try set.relevance(split: split)
        return (
            drawn(set.corpus.map(\.embeddedText), sample, stream: 5),
            drawn(set.queries.filter { judged[$0.id] != nil }.map(\.text), queries, stream: 6)
        )
    }

    private func drawn(_ texts: [String], _ count: Int, stream: UInt64) -> [String] {
        var texts = texts
        var random = RandomGenerator(seed: seed, stream: stream)
        random.shuffle(&texts)
        return Array(texts.prefix(count))
    }

    private func embed(
        _ texts: [String], asQueries: Bool, _ encoder: TextEncoder, _ name: String
    ) throws -> Matrix<Float> {
        let progress = Progress(name, unit: "texts", isQuiet: printing.quiet)
        defer { progress.finish() }
        let report: (Int, Int) -> Void = { progress.update(done: $0, total: $1) }
        return try asQueries
            ? encoder.encodeQueries(texts, maxLength: maxLength, progress: report)
            : CachingTextEncoder(encoder).encodeDocuments(texts, maxLength: maxLength, progress: report)
    }
}
