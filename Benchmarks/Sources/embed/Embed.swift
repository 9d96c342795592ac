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
    @Option(help: "Precisions, separated by commas: f32, bf16, int8.") var precision = "f32,bf16,int8"
    @Option(help: "Threads.") var threads = ThreadPool.availableCores
    @Option(help: "Rounds that the median is taken over.") var rounds = 3
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @Option(help: "Peers to measure, separated by commas, or `none`.") var peers =
        "sentence-transformers-f32,torch-bf16-sorted,onnxruntime-f32,onnxruntime-fused-f32,onnxruntime-fused-int8,openvino-f32,openvino-bf16,openvino-int8,ctranslate2-f32,ctranslate2-int8"
    @Flag(help: "Print one JSON document.") var json = false
    @Option(help: .hidden) var started: Double?

    func validate() throws {
        _ = try precisions()
        guard threads > 0, rounds > 0 else { throw ValidationError("--threads and --rounds must be at least 1") }
    }

    private func precisions() throws -> [Precision] {
        try precision.split(separator: ",").map {
            guard let precision = Precision(rawValue: String($0)) else {
                throw ValidationError("--precision names \($0); it takes f32, bf16 and int8")
            }
            return precision
        }
    }

    func run() throws {
        ThreadPool.setDefaultWidth(threads)
        if let started {
            let result = try OwnResult.measure(
                precisions()[0], model: model, texts: texts, rounds: rounds, limit: maxLength, started: started)
            return try printJSON(result.fields)
        }
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let lines = try readLines(texts)
        let limit = maxLength ?? folder.maxLength
        let own = try precisions().map {
            try OwnResult.measureApart(
                $0, model: folder.path, texts: texts, threads: threads, rounds: rounds, limit: limit)
        }
        let others = try measurePeers(folder: folder.path, limit: limit)
        let machine = Machine.measure()
        // Twice the parameters of the layers a token, without attention.
        let configuration = folder.configuration
        let parameters =
            configuration.layers * configuration.width * (4 * configuration.width + 2 * configuration.feedForwardWidth)
        func ceiling(_ precision: Precision) -> Double {
            machine.ceiling(of: precision) * Double(threads) / Double(2 * parameters)
        }
        if json {
            var document: [String: Any] = own.first?.fields ?? [:]
            document["threads"] = threads
            document["machine"] = machine.fields
            document["own"] = own.map {
                $0.fields.merging(["ceiling_tokens_per_s": ceiling($0.precision)]) { a, _ in a }
            }
            document["peers"] = others.map(\.fields)
            try printJSON(document)
            return
        }
        print(machine.summary)
        let tokens = own.first.map { Double($0.tokens) / Double(lines.count) } ?? 0
        print("\(lines.count) texts, \(fixed(tokens)) tokens on average, \(threads) threads\n")
        var table = Table(["who"] + Figures.columns + own.map { "\($0.precision) is" })
        for result in own {
            table.add(
                ["Attune \(result.precision)"] + result.figures.cells(ceiling: ceiling(result.precision))
                    + own.map { _ in "" })
        }
        for other in others {
            table.add(
                [other.name] + other.figures.cells(ceiling: nil)
                    + own.map { "\(fixed($0.figures.textsPerSecond / other.figures.textsPerSecond, 2)) ×" })
        }
        print(table.text)
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
