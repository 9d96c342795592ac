import ArgumentParser
import Corpora
import Files
import Foundation
import Harness
import ModelFiles
import Synchronization
import Training
import VectorMath

/// Training steps: Attune beside PyTorch, the same pairs, the same recipe, the same run.
@main
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract:
            "Pairs a second of LoRA training on query and value, beside the peers that ATTUNE_PEERS names a Python of.")

    @Option(name: [.customShort("M"), .long], help: "The model.") var model: String
    @Option(name: .shortAndLong, help: "A data set with a split `train`.") var data: String
    @Option(help: "Pairs a batch.") var batchSize = 64
    @Option(help: "Steps that are measured, after two that are not.") var steps = 6
    @Option(help: "Rank of the adapter.") var rank = 16
    @Option(help: "Threads.") var threads = ThreadPool.availableCores
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @Option(help: "Peers to measure, separated by commas, or `none`.")
    var peers = "sentence-transformers-peft-f32,loop-sorted-f32,loop-sorted-bf16"
    @Flag(help: "Print one JSON document.") var json = false

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

        let own = try measureOwn(folder, tuples, into: scratch.appendingPathComponent("run").path)
        let ownPeak = peakMegabytes()
        let others = try measurePeers(folder, tuples, scratch: scratch)
        let machine = Machine.measure()
        if json {
            try printJSON([
                "pairs_per_s": own.pairsPerSecond, "tokens_per_s": own.tokensPerSecond, "peak_mb": ownPeak,
                "threads": threads, "batch_size": batchSize, "steps": steps, "machine": machine.fields, "peers": others,
            ])
            return
        }
        print(machine.summary)
        print("batches of \(batchSize) pairs, LoRA rank \(rank) on query and value, \(threads) threads\n")
        var table = Table("who", "pairs/s", "peak MB", "Attune is")
        table.add("Attune f32", fixed(own.pairsPerSecond), fixed(ownPeak, 0), "")
        for other in others {
            let rate = other["pairs_per_s"] as? Double ?? .nan
            table.add(
                other["peer"] as? String ?? "?", fixed(rate), fixed(other["peak_mb"] as? Double ?? .nan, 0),
                "\(fixed(own.pairsPerSecond / rate, 2)) ×")
        }
        print(table.text)
    }

    private func measureOwn(
        _ folder: ModelFolder, _ tuples: [TrainingTuple], into path: String
    ) throws -> (pairsPerSecond: Double, tokensPerSecond: Double) {
        var settings = TrainingSettings()
        settings.rank = rank
        settings.batchSize = batchSize
        settings.maxSteps = steps + 2
        settings.maxLength = maxLength
        settings.checkpointEvery = 0
        let pace = Pace()
        _ = try Trainer(model: folder, tuples: tuples, settings: settings).train(into: path, observer: pace)
        let measured = pace.measured
        return (
            Double(batchSize) / Timing.median(of: measured.map(\.seconds)),
            Timing.median(of: measured.map(\.tokensPerSecond))
        )
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
                "--peers", peers,
            ])
    }
}

/// Keeps what each step took.
private final class Pace: TrainingObserver, Sendable {
    private let steps = Mutex<[TrainingProgress]>([])

    /// The steps after the first two, which warm up.
    var measured: [TrainingProgress] { steps.withLock { Array($0.dropFirst(2)) } }

    func finished(_ progress: TrainingProgress) {
        steps.withLock { $0.append(progress) }
    }
}
