import ArgumentParser
import Encoders
import Files
import Foundation
import Harness
import ModelFiles
import VectorMath

/// Texts to normalised vectors: Attune beside the peers, the same texts, the same run.
@main
struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Texts a second from text to normalised vector, beside the peers that ATTUNE_PEERS names a Python of."
    )

    @Option(name: [.customShort("M"), .long], help: "The model.") var model: String
    @Option(help: "A text a line.") var texts: String
    @Option(help: "Precision: f32.") var precision = "f32"
    @Option(help: "Threads.") var threads = ThreadPool.availableCores
    @Option(help: "Rounds that the median is taken over.") var rounds = 3
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @Option(help: "Peers to measure, separated by commas, or `none`.") var peers =
        "sentence-transformers-f32,torch-f32-sorted,onnxruntime-f32"
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard precision == "f32" else { throw ValidationError("--precision is \(precision); it must be f32") }
        guard threads > 0, rounds > 0 else { throw ValidationError("--threads and --rounds must be at least 1") }
    }

    func run() throws {
        ThreadPool.setDefaultWidth(threads)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let encoder = try TextEncoder(model: folder)
        let lines = try readLines(texts)
        let limit = maxLength ?? folder.maxLength
        let tokens = try encoder.model.tokenize(lines, maxLength: limit).reduce(0) { $0 + $1.count }

        _ = try encoder.encode(Array(lines.prefix(64)), maxLength: limit)
        let seconds = try (0..<rounds).map { _ in
            try Timing.seconds { _ = try encoder.encode(lines, maxLength: limit) }
        }
        let own = Timing.median(of: seconds)
        let textsPerSecond = Double(lines.count) / own
        let tokensPerSecond = Double(tokens) / own
        let query = try Self.queryTimes(encoder)

        let others = try measurePeers(folder: folder.path, limit: limit)
        let machine = Machine.measure()
        // Twice the parameters of the layers a token, without attention.
        let configuration = folder.configuration
        let parameters =
            configuration.layers * configuration.width * (4 * configuration.width + 2 * configuration.feedForwardWidth)
        let ceiling = machine.float32Ceiling * Double(threads) / Double(2 * parameters)
        if json {
            try printJSON([
                "texts_per_s": textsPerSecond, "tokens_per_s": tokensPerSecond, "peak_mb": peakMegabytes(),
                "threads": threads, "precision": precision, "query_p50_ms": query.p50 * 1e3,
                "query_p99_ms": query.p99 * 1e3, "ceiling_tokens_per_s": ceiling, "machine": machine.fields,
                "peers": others.map(\.fields),
            ])
            return
        }
        print(machine.summary)
        print(
            "\(lines.count) texts, \(fixed(Double(tokens) / Double(lines.count))) tokens on average, \(threads) threads\n"
        )
        var table = Table("who", "texts/s", "tokens/s", "of ceiling", "peak MB", "Attune is")
        table.add(
            "Attune f32", fixed(textsPerSecond), fixed(tokensPerSecond, 0),
            "\(fixed(100 * tokensPerSecond / ceiling, 0)) %",
            fixed(peakMegabytes(), 0), "")
        for other in others {
            table.add(
                other.name, fixed(other.textsPerSecond), fixed(other.tokensPerSecond, 0), "",
                fixed(other.peakMegabytes, 0), "\(fixed(textsPerSecond / other.textsPerSecond, 2)) ×")
        }
        print(table.text)
        print("\none query of a dozen tokens: p50 \(fixed(query.p50 * 1e3, 2)) ms, p99 \(fixed(query.p99 * 1e3, 2)) ms")
    }

    private static func queryTimes(_ encoder: TextEncoder) throws -> (p50: Double, p99: Double) {
        let query = ["which setting limits how much memory a sort may use"]
        let times = try (0..<300).map { _ in try Timing.seconds { _ = try encoder.encodeQueries(query) } }.sorted()
        return (times[150], times[297])
    }

    private func measurePeers(folder: String, limit: Int) throws -> [PeerResult] {
        guard peers != "none" else { return [] }
        let rows = try Peer.run(
            script: "embed_peers.py",
            arguments: [
                "--model", folder, "--texts", texts, "--threads", "\(threads)", "--rounds", "\(rounds)", "--limit",
                "\(limit)", "--peers", peers,
            ])
        return PeerResult.medians(of: rows)
    }
}

/// A peer's medians over its rounds.
struct PeerResult {
    let name: String
    let textsPerSecond: Double
    let tokensPerSecond: Double
    let peakMegabytes: Double

    var fields: [String: Any] {
        ["peer": name, "texts_per_s": textsPerSecond, "tokens_per_s": tokensPerSecond, "peak_mb": peakMegabytes]
    }

    static func medians(of rows: [[String: Any]]) -> [PeerResult] {
        let byName = Dictionary(grouping: rows.filter { $0["peer"] is String && $0["texts_per_s"] is Double }) {
            $0["peer"] as? String ?? ""
        }
        func median(_ rows: [[String: Any]], _ field: String) -> Double {
            let values = rows.compactMap { $0[field] as? Double }
            return values.isEmpty ? 0 : Timing.median(of: values)
        }
        return byName.map { name, rows in
            PeerResult(
                name: name, textsPerSecond: median(rows, "texts_per_s"), tokensPerSecond: median(rows, "tokens_per_s"),
                peakMegabytes: median(rows, "peak_mb"))
        }.sorted { $0.textsPerSecond > $1.textsPerSecond }
    }
}
