import Files
import TestSupport
import Testing
import Tokenization

#if canImport(Glibc)
    import Glibc
#endif

/// The recordings of `fixtures/tokenization/record.py`.
private struct RecordedCorpora: Decodable {
    struct File: Decodable, CustomTestStringConvertible {
        let file: String
        let texts: Int
        let tokens: Int
        let digests: [String]

        var testDescription: String { file }
    }

    let lines: Int
    let files: [File]

    static let recorded = try? Recordings.decode(RecordedCorpora.self, "corpora.json")
}

@Suite("Whole corpora", .enabled(if: SharedData.hasMiniLM))
struct CorporaTests {
    @Test(
        "have the ids that tokenizers gives them, on every line",
        arguments: (RecordedCorpora.recorded?.files ?? []).filter { SharedData.exists($0.file) })
    fileprivate func corpus(_ recorded: RecordedCorpora.File) throws {
        let lines = try #require(RecordedCorpora.recorded?.lines)
        let tokenizer = try Tokenizer(path: Recordings.miniLMPath)
        var digest = Digest()
        var digests: [String] = []
        var tokens = 0
        let texts = try texts(of: recorded.file)
        for (number, text) in texts.enumerated() {
            let ids = text.withUnsafeBufferPointer { tokenizer.encode(utf8: $0) }
            tokens += ids.count
            digest.add(ids)
            if (number + 1) % lines == 0 || number + 1 == texts.count {
                digests.append("\(digest)")
                digest = Digest()
            }
        }
        #expect(texts.count == recorded.texts)
        #expect(tokens == recorded.tokens)
        try #require(digests.count == recorded.digests.count)
        for (block, (found, expected)) in zip(digests, recorded.digests).enumerated() {
            #expect(found == expected, "from line \(block * lines + 1) on")
        }
    }

    @Test("are recorded")
    func recording() {
        #expect((RecordedCorpora.recorded?.files.count ?? 0) >= 15)
    }

    /// The texts of a file, as the recording script takes them.
    private func texts(of name: String) throws -> [[UInt8]] {
        let path = SharedData.folder + "/" + name
        let bytes = name.hasSuffix(".gz") ? try unpacked(path) : try readFile(path)
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        if lines.last == [] { lines.removeLast() }
        guard name.hasSuffix(".jsonl") else { return lines }
        return try lines.map { line in
            let row = try decodeJSON(Row.self, bytes: line, path: name)
            return Array((row.title.map { $0 + " " + row.text } ?? row.text).utf8)
        }
    }

    private struct Row: Decodable {
        let title: String?
        let text: String
    }

    private func unpacked(_ path: String) throws -> [UInt8] {
        let pipe = try #require(popen("gzip -dc '\(path)'", "r"))
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        try #require(pclose(pipe) == 0)
        return bytes
    }
}
