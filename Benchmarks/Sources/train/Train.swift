import ArgumentParser
import Corpora
import Files
import Foundation
import Harness
import ModelFiles
import Training
import VectorMath

/// Training steps: Attune beside PyTorch, the same pairs, the same recipe, the same run.
@main
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Pairs a second of LoRA training, beside the peers that ATTUNE_PEERS names a Python of.")

    @Option(name: [.customShort("M"), .long], help: "The model.") var model: String
    @Option(name: .shortAndLong, help: "A data set with a split `train`.") var data: String
    @Option(help: "Pairs a batch.") var batchSize = 64
    @Option(help: "Steps that are measured, after two that are not.") var steps = 6
    @Option(help: "Rank of the adapter.") var rank = 16
    @Option(help: "What the adapter changes: attention (query and value) or all-linear.") var targets = "attention"
    @Option(help: "Probability that an input of the adapter is dropped, here and in the peers.") var dropout = 0.0
    @Flag(help: "Turn the base model's own dropout off in the peers; Attune leaves it out.") var noBaseDropout = false
    @Option(help: "Precisions, separated by commas: f32, bf16.") var precision = "bf16,f32"
    @Option(help: "Threads.") var threads = ThreadPool.availableCores
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @Option(help: "Peers to measure, separated by commas, or `none`.")
    var peers = "sentence-transformers-peft-f32,sentence-transformers-peft-bf16,loop-sorted-f32,loop-sorted-bf16"
    @Flag(help: "Print one JSON document.") var json = false
    @Option(help: .hidden) var runOne: String?

    func validate() throws {
        guard Self.adapters[targets] != nil else {
            throw ValidationError("--targets is \(targets); it takes \(Self.adapters.keys.sorted())")
        }
        for name in precision.split(separator: ",") where !["f32", "bf16"].contains(name) {
            throw ValidationError("--precision names \(name); it takes f32 and bf16")
        }
    }

    /// The peers' names of the modules.
    private static let adapters = [
        "attention": "query,value", "all-linear": "query,key,value,dense",
    ]

    func run() throws {
        ThreadPool.setDefaultWidth(threads)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let all = try DataSet.open(data).trainingTuples(split: "train", path: data)
        let tuples = Array(all.prefix(batchSize * (steps + 2)))
        guard tuples.count == batchSize * (steps + 2) else {
            throw ValidationError("\(data) has \(all.count) pairs; \(batchSize * (steps + 2)) are needed")
        }
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("attune-train-\(getpid())")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        if let runOne = runOne.flatMap(Precision.init) {
            let path = scratch.appendingPathComponent("run").path
            let own = try OwnTraining.measure(settings(runOne), model: folder, tuples: tuples, into: path)
            return try printJSON(own.fields)
        }

        let own = try precision.split(separator: ",").map {
            try OwnTraining.measureApart(Precision(rawValue: String($0))!)
        }
        let others = try measurePeers(folder, tuples, scratch: scratch)
        let machine = Machine.measure()
        if json {
            var document = own.first?.fields ?? [:]
            document["threads"] = threads
            document["batch_size"] = batchSize
            document["steps"] = steps
            document["machine"] = machine.fields
            document["own"] = own.map(\.fields)
            document["peers"] = others
            return try printJSON(document)
        }
        report(own, others, machine, folder.configuration)
    }

    private func report(
        _ own: [OwnTraining], _ others: [[String: Any]], _ machine: Machine, _ shape: TransformerConfiguration
    ) {
        print(machine.summary)
        print(
            "batches of \(batchSize) pairs, LoRA rank \(rank) on \(targets), dropout \(dropout), \(threads) threads\n")
        // Forward and to the inputs twice the parameters of the layers each, a token; without attention and adapters.
        let parameters = shape.layers * shape.width * (4 * shape.width + 2 * shape.feedForwardWidth)
        var table = Table(["who", "pairs/s", "tokens/s", "of ceiling", "peak MB"] + own.map { "\($0.precision) is" })
        for result in own {
            let ceiling = machine.ceiling(of: result.precision) * Double(threads) / Double(4 * parameters)
            table.add(
                [
                    "Attune \(result.precision)", fixed(result.pairsPerSecond), fixed(result.tokensPerSecond, 0),
                    "\(fixed(100 * result.tokensPerSecond / ceiling, 0)) %", fixed(result.peakMegabytes, 0),
                ] + own.map { _ in "" })
        }
        for other in others {
            let rate = other["pairs_per_s"] as? Double ?? .nan
            table.add(
                [other["peer"] as? String ?? "?", fixed(rate), "", "", fixed(other["peak_mb"] as? Double ?? .nan, 0)]
                    + own.map { "\(fixed($0.pairsPerSecond / rate, 2)) ×" })
        }
        print(table.text)
        for result in own where !result.breakdown.isEmpty {
            let parts = result.breakdown.sorted { $0.value > $1.value }.map {
                "\($0.key) \(fixed(100 * $0.value, 1)) %"
            }
            print("\nWhere a step in \(result.precision) spends the processor's time: " + parts.joined(separator: ", "))
        }
    }

    private func settings(_ precision: Precision) -> TrainingSettings {
        var settings = TrainingSettings()
        settings.rank = rank
        settings.alpha = 2 * Double(rank)
        settings.targets = [targets]
        settings.dropout = dropout
        settings.batchSize = batchSize
        settings.maxSteps = steps + 2
        settings.maxLength = maxLength
        settings.checkpointEvery = 0
        settings.precision = precision
        return settings
    }

    private func measurePeers(_ folder: ModelFolder, _ tuples: [TrainingTuple], scratch: URL) throws -> [[String: Any]]
    {
        guard peers != "none" else { return [] }
        let pairs = scratch.appendingPathComponent("pairs.jsonl").path
        let lines = tuples.map { tuple in
            JSONValue.object(["anchor": .string(tuple.anchor), "positive": .string(tuple.positive)]).serialized()
        }
        try writeFile(lines.joined(separator: "\n") + "\n", to: pairs)
        return try Peer.run(
            script: "train_peers.py",
            arguments: [
                "--model", folder.path, "--pairs", pairs, "--batch-size", "\(batchSize)", "--steps", "\(steps)",
                "--threads", "\(threads)", "--rank", "\(rank)", "--limit", "\(maxLength ?? folder.maxLength)",
                "--dropout", "\(dropout)", "--targets", Self.adapters[targets]!, "--peers", peers,
            ] + (noBaseDropout ? ["--no-dropout"] : []))
    }
}
