import ArgumentParser
import Attune

struct DataCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Make data sets of documents and pairs.",
        subcommands: [DataFromDocs.self, DataImport.self, DataSplit.self, DataMine.self])
}

/// How much of a data set is held out.
struct SplitOptions: ParsableArguments {
    @Option(help: "Part of the data that is held out for the last test.") var test = 0.2
    @Option(help: "Part of the data that is held out for development.") var dev = 0.1
    @Option(help: "Decides what is held out.") var seed: UInt64 = 0

    func validate() throws {
        guard test >= 0, dev >= 0, test + dev < 1 else {
            throw ValidationError("--test \(test) and --dev \(dev) leave nothing to train on")
        }
    }
}

struct DataFromDocs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "from-docs",
        abstract:
            "Read a documentation tree (html, md, rst, txt, man) into passages, training pairs and held-out splits.")

    @Argument(help: "The folder of documents.") var folder: String
    @Option(name: .shortAndLong, help: ArgumentHelp("The data set.", valueName: "data")) var output: String
    @OptionGroup var split: SplitOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        try force.check(output)
        var options = DocumentationOptions()
        options.fractions = SplitFractions(test: split.test, dev: split.dev)
        options.seed = split.seed
        let result = try DocumentationDataSet.build(from: folder, options: options)
        let statistics = result.statistics
        Console.note(
            "read \(statistics.pages) pages, \(statistics.emptyPages) without text, \(statistics.words) words",
            quiet: printing.quiet)
        try result.write(to: output, force: force.force)
        Summaries.print(of: .retrieval(result.dataSet), at: output, json: printing.json)
    }
}

struct DataImport: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Turn pairs, triplets or texts (jsonl, csv, tsv) into a data set.")

    @Argument(help: "The files.") var files: [String]
    @Option(name: .shortAndLong, help: ArgumentHelp("The data set.", valueName: "data")) var output: String
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        try force.check(output)
        let (dataSet, statistics) = try DataSetImporter.read(files)
        Console.note(
            "read \(statistics.rows) rows, \(statistics.skippedRows) skipped, \(statistics.repeatedDocuments) texts repeated",
            quiet: printing.quiet)
        try DataSetWriter.write(dataSet, to: output, force: force.force)
        Summaries.print(of: .retrieval(dataSet), at: output, json: printing.json)
    }
}

struct DataSplit: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Cut a data set into train, dev and test; queries that share a document stay together.")

    @Argument(help: "The data set.") var data: String
    @Option(name: .shortAndLong, help: ArgumentHelp("The data set with splits.", valueName: "data2")) var output: String
    @OptionGroup var split: SplitOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        try force.check(output)
        let cut = try DataSet.open(data)
            .split(SplitFractions(test: split.test, dev: split.dev), seed: split.seed)
        try DataSetWriter.write(cut, to: output, force: force.force)
        Summaries.print(of: cut, at: output, json: printing.json)
    }
}

/// What a data set holds, as the `data` commands print it.
enum Summaries {
    static func print(of kind: DataSetKind, at path: String, json: Bool) {
        let counts = kind.splits.map { ($0, kind.count(inSplit: $0)) }
        if json {
            var fields: [String: JSONValue] = [
                "path": .string(path),
                "splits": .object(Dictionary(uniqueKeysWithValues: counts.map { ($0, .integer(Int64($1))) })),
            ]
            if case .retrieval(let set) = kind {
                fields["documents"] = .integer(Int64(set.corpus.count))
                fields["queries"] = .integer(Int64(set.queries.count))
            }
            Console.print(JSONValue.object(fields))
            return
        }
        if case .retrieval(let set) = kind {
            Console.print("\(path): \(set.corpus.count) passages, \(set.queries.count) queries")
        } else {
            Console.print(path)
        }
        for (split, count) in counts { Console.print("  " + Tables.pad(split, 18) + "\(count)") }
    }
}
