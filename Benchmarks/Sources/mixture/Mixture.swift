import ArgumentParser
import Encoders
import Files
import Foundation
import Harness
import LowRank
import ModelFiles
import VectorMath

/// Texts of many adapters in one batch, beside the same texts through one adapter.
@main
struct Mixture: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mixture",
        abstract:
            "Texts a second where each text of a batch names its adapter, beside one adapter for all and beside PEFT.")

    @Option(name: [.customShort("M"), .long], help: "The model.") var model: String
    @Option(help: "A text a line.") var texts: String
    @Option(help: "How many of the texts.") var count = 2048
    @Option(help: "Adapters over the base.") var adapters = 16
    @Option(help: "Rank of each adapter.") var rank = 16
    @Option(help: "attention, all-linear, or module names separated by commas.") var targets = "all-linear"
    @Option(help: "Texts a call, separated by commas; 0 for all in one.") var batches = "0,64,16"
    @Option(help: "Precisions, separated by commas: f32, bf16, int8.") var precision = "f32,bf16,int8"
    @Option(help: "Threads.") var threads = 1
    @Option(help: "Interleaved rounds that the median is taken over.") var rounds = 5
    @Flag(help: "Print one JSON document.") var json = false

    /// What every text of a round goes through.
    private enum Way: String, CaseIterable {
        case base = "base alone"
        case one = "one adapter"
        case many = "many adapters"
    }

    func validate() throws {
        guard threads > 0, rounds > 0, count > 0, adapters > 0, rank > 0 else {
            throw ValidationError("--threads, --rounds, --count, --adapters and --rank must be at least 1")
        }
        _ = try (sizes, precisions)
    }

    private var sizes: [Int] {
        get throws {
            try batches.split(separator: ",").map {
                guard let size = Int($0), size >= 0 else { throw ValidationError("--batches names \($0)") }
                return size == 0 ? count : size
            }
        }
    }

    private var precisions: [Precision] {
        get throws {
            try precision.split(separator: ",").map {
                guard let precision = Precision(rawValue: String($0)) else {
                    throw ValidationError("--precision names \($0); it takes f32, bf16 and int8")
                }
                return precision
            }
        }
    }

    func run() throws {
        ThreadPool.setDefaultWidth(threads)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let lines = Array(try readLines(texts).prefix(count))
        guard lines.count == count else { throw ValidationError("\(texts) has \(lines.count) texts") }
        var rows: [[String: Any]] = []
        for precision in try precisions {
            let encoder = try encoder(folder, precision)
            for size in try sizes {
                let rates = try measure(encoder, lines, batch: size)
                for way in Way.allCases {
                    rows.append([
                        "who": "Attune \(precision)", "texts_a_call": size, "way": way.rawValue,
                        "texts_per_s": rates[way]!, "of_one_adapter": rates[way]! / rates[.one]!,
                    ])
                }
            }
        }
        rows += try Peer.run(
            script: "mixture_peer.py",
            arguments: [
                "--model", folder.path, "--texts", texts, "--count", "\(count)", "--adapters", "\(adapters)", "--rank",
                "\(rank)", "--targets", targets, "--batches", try sizes.map(String.init).joined(separator: ","),
                "--threads", "\(threads)", "--rounds", "\(rounds)",
            ])
        try show(rows, Machine.measure())
    }

    private func show(_ rows: [[String: Any]], _ machine: Machine) throws {
        if json {
            return try printJSON(["machine": machine.fields, "rows": rows, "adapters": adapters, "rank": rank])
        }
        print(machine.summary)
        print("\(count) texts, \(adapters) adapters of rank \(rank) on \(targets), \(threads) threads\n")
        var table = Table("who", "texts a call", "way", "texts/s", "of one adapter")
        for row in rows {
            table.add(
                "\(row["who"] ?? "")", "\(row["texts_a_call"] ?? "")", "\(row["way"] ?? "")",
                fixed(row["texts_per_s"] as? Double ?? .nan), fixed(row["of_one_adapter"] as? Double ?? .nan, 3))
        }
        print(table.text)
    }

    /// Adapters with random values in both of their matrices.
    private func encoder(_ folder: ModelFolder, _ precision: Precision) throws -> MultiAdapterEncoder {
        var encoder = try MultiAdapterEncoder(base: TextEncoder(model: folder, precision: precision))
        let targets: AdapterTargets =
            switch self.targets {
            case "attention": .attention
            case "all-linear": .allLinear
            default: .names(self.targets.split(separator: ",").map(String.init))
            }
        for number in 0..<adapters {
            var adapter = try LowRankAdapter(
                configuration: AdapterConfiguration(rank: rank, alpha: Double(2 * rank), targets: targets),
                modules: encoder.base.model.linearModules, seed: UInt64(number))
            var generator = RandomGenerator(seed: UInt64(number))
            for i in adapter.pairs.indices {
                let width = adapter.pairs[i].outputWidth
                adapter.pairs[i].b = Matrix(
                    rows: width, columns: rank, elements: (0..<width * rank).map { _ in 0.01 * generator.normal() })
            }
            try encoder.set(adapter, as: "\(number)")
        }
        return encoder
    }

    /// Texts a second of each way, medians over rounds in which the ways take turns.
    private func measure(_ encoder: MultiAdapterEncoder, _ lines: [String], batch: Int) throws -> [Way: Double] {
        func names(_ way: Way) -> [String?] {
            lines.indices.map {
                switch way {
                case .base: nil
                case .one: "0"
                case .many: "\($0 % adapters)"
                }
            }
        }
        var seconds: [Way: [Double]] = [:]
        for round in 0...rounds {
            for way in Way.allCases {
                let names = names(way)
                let taken = try Timing.seconds {
                    for start in stride(from: 0, to: lines.count, by: batch) {
                        let part = start..<min(start + batch, lines.count)
                        _ = try encoder.encode(Array(lines[part]), adapters: Array(names[part]))
                    }
                }
                if round > 0 { seconds[way, default: []].append(taken) }
            }
        }
        return seconds.mapValues { Double(lines.count) / Timing.median(of: $0) }
    }
}
