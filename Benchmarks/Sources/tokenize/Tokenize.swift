import ArgumentParser
import Files
import Foundation
import Harness
import Tokenization

/// Texts to ids on one thread: Attune beside Hugging Face's `tokenizers`, the same texts, the same run.
@main
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Texts a second from text to ids on one thread, beside the peer that ATTUNE_PEERS names a Python of.",
        discussion: "Times are processor time, the best of the rounds: other work on the machine does not count."
    )

    @Option(name: [.customShort("T"), .long], help: "The tokenizer.json.") var tokenizer: String
    @Option(help: "A text a line; of a .jsonl file, title and text of each row.") var texts: String
    @Option(help: "Most ids of a text, special tokens included (default: no limit).") var limit: Int?
    @Option(help: "Rounds that the best is taken of.") var rounds = 5
    @Flag(help: "Do not measure the peer.") var alone = false
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("--rounds must be at least 1") }
        guard limit.map({ $0 > 0 }) ?? true else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        // First of all, while the process is as fresh as a command's.
        let (firstLoad, model) = try processorSeconds { try Tokenizer(path: tokenizer) }
        let loads = try (0..<rounds).map { _ in try processorSeconds { try Tokenizer(path: tokenizer) }.seconds }
        let lines = try readTexts()
        let size = lines.reduce(0) { $0 + $1.utf8.count }

        var own = measure(model, lines)
        let others = alone ? [] : try measurePeer()
        // Once more after the peer, which takes longer: the machine may have been slower before.
        own.seconds = min(own.seconds, measure(model, lines).seconds)

        let attune = Row(
            name: "Attune", textsPerSecond: Double(lines.count) / own.seconds,
            tokensPerSecond: Double(own.tokens) / own.seconds, megabytesPerSecond: Double(size) / own.seconds / 1e6,
            loadMilliseconds: (loads.min() ?? firstLoad) * 1e3, digest: own.digest)
        if json {
            try printJSON([
                "texts": lines.count, "tokens": own.tokens, "bytes": size, "limit": limit ?? 0,
                "first_load_ms": firstLoad * 1e3, "rows": ([attune] + others).map(\.fields),
            ])
        } else {
            printTable(attune, others, texts: lines.count, tokens: own.tokens, size: size, firstLoad: firstLoad)
        }
        for other in others where other.digest != attune.digest {
            throw ValidationError("\(other.name) gives other ids")
        }
    }

    private func measure(_ model: Tokenizer, _ lines: [String]) -> (seconds: Double, tokens: Int, digest: String) {
        var best = Double.infinity
        var ids: [[Int32]] = []
        for _ in 0..<rounds {
            ids = []
            let (seconds, result) = processorSeconds { lines.map { model.encode($0, maxLength: limit) } }
            best = min(best, seconds)
            ids = result
        }
        var hash = SHA256Digest.Hasher()
        for text in ids { text.map(\.littleEndian).withUnsafeBytes { hash.update($0) } }
        return (best, ids.reduce(0) { $0 + $1.count }, hash.finalize().hex)
    }

    private func printTable(
        _ attune: Row, _ others: [Row], texts: Int, tokens: Int, size: Int, firstLoad: Double
    ) {
        let average = fixed(Double(tokens) / Double(texts))
        print("\(texts) texts, \(fixed(Double(size) / 1e6)) MB, \(average) tokens on average, one thread\n")
        var table = Table("who", "texts/s", "tokens/s", "MB/s", "load ms", "Attune is")
        for row in [attune] + others {
            table.add(
                row.name, fixed(row.textsPerSecond, 0), fixed(row.tokensPerSecond, 0), fixed(row.megabytesPerSecond),
                fixed(row.loadMilliseconds, 2),
                row.name == attune.name ? "" : "\(fixed(attune.textsPerSecond / row.textsPerSecond, 1)) ×")
        }
        print(table.text)
        print("\nthe first load in the process: \(fixed(firstLoad * 1e3, 2)) ms")
    }

    private func measurePeer() throws -> [Row] {
        var arguments = ["--tokenizer", tokenizer, "--texts", texts, "--rounds", "\(rounds)"]
        if let limit { arguments += ["--limit", "\(limit)"] }
        return try Peer.run(script: "tokenize_peer.py", arguments: arguments).compactMap(Row.init)
            .sorted { $0.textsPerSecond > $1.textsPerSecond }
    }

    private func readTexts() throws -> [String] {
        guard texts.hasSuffix(".jsonl") else { return try readLines(texts) }
        var result: [String] = []
        try readJSONLines(texts) { _, row in
            let text = row["text"]?.stringValue ?? ""
            result.append(row["title"]?.stringValue.map { $0 + " " + text } ?? text)
        }
        return result
    }
}

/// What one of them reaches.
private struct Row {
    let name: String
    let textsPerSecond: Double
    let tokensPerSecond: Double
    let megabytesPerSecond: Double
    let loadMilliseconds: Double
    let digest: String

    var fields: [String: Any] {
        [
            "peer": name, "texts_per_s": textsPerSecond, "tokens_per_s": tokensPerSecond,
            "mb_per_s": megabytesPerSecond, "load_ms": loadMilliseconds, "ids_sha256": digest,
        ]
    }
}

extension Row {
    /// A line of the peer's script.
    init?(_ fields: [String: Any]) {
        guard let name = fields["peer"] as? String, let textsPerSecond = fields["texts_per_s"] as? Double,
            let tokensPerSecond = fields["tokens_per_s"] as? Double,
            let megabytesPerSecond = fields["mb_per_s"] as? Double,
            let loadMilliseconds = fields["load_ms"] as? Double, let digest = fields["ids_sha256"] as? String
        else { return nil }
        self.init(
            name: name, textsPerSecond: textsPerSecond, tokensPerSecond: tokensPerSecond,
            megabytesPerSecond: megabytesPerSecond, loadMilliseconds: loadMilliseconds, digest: digest)
    }
}

/// Seconds of processor time of this process, all threads, and what the work returned.
private func processorSeconds<Result>(_ work: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
    func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
    let start = now()
    let result = try work()
    return (now() - start, result)
}
