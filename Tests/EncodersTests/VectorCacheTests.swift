import Encoders
import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Vector cache")
struct VectorCacheTests {
    /// An encoder with a cache in a folder of its own, and the number of texts that it computes in a call.
    private struct Subject {
        let folder: TemporaryFolder
        let encoder: CachingTextEncoder

        init(byteLimit: Int = 1 << 20) throws {
            folder = try TemporaryFolder()
            encoder = CachingTextEncoder(
                try TextEncoder(model: ModelFolder(path: TinyBERT.path)),
                cache: VectorCache(folder: folder.path + "/vectors", byteLimit: byteLimit))
        }

        var files: [String] {
            get throws { try FileSystem.names(in: folder.path + "/vectors").map { folder.path + "/vectors/" + $0 } }
        }
    }

    private let texts = ["the cat sat", "where is my card", ""]

    @Test("the second time the vectors come from the file, with the same bits")
    func secondTime() throws {
        let subject = try Subject()
        let first = try subject.encoder.encodeDocuments(texts)
        #expect(try subject.files.count == 1)
        // A file with other vectors shows where the second answer comes from.
        let path = try subject.files[0]
        let doubled = first.elements().map { 2 * $0 }
        var writer = SafetensorsWriter()
        writer.add("vectors", shape: [first.rows, first.columns], floats: doubled)
        let digest = doubled.withUnsafeBytes { SHA256Digest.of($0) }
        try writer.write(to: path, metadata: ["sha256": digest.hex])
        #expect(try subject.encoder.encodeDocuments(texts).elements() == doubled)
    }

    @Test("other texts, another split of the same characters, and another limit are computed anew")
    func otherKeys() throws {
        let subject = try Subject()
        let plain = try TextEncoder(model: ModelFolder(path: TinyBERT.path))
        for other in [texts, ["the cat satwhere", " is my card", ""], texts.reversed(), []] {
            #expect(try subject.encoder.encodeDocuments(other) == plain.encodeDocuments(other))
        }
        #expect(
            try subject.encoder.encodeDocuments(texts, maxLength: 4) == plain.encodeDocuments(texts, maxLength: 4))
        #expect(try subject.files.count == 4)
    }

    @Test("a damaged file is passed over, and replaced", arguments: [0, 40, -1])
    func damage(position: Int) throws {
        let subject = try Subject()
        let vectors = try subject.encoder.encodeDocuments(texts)
        let path = try subject.files[0]
        var bytes = try readFile(path)
        let whole = bytes
        bytes[position < 0 ? bytes.count + position : position] ^= 0x10
        try writeFile(bytes, to: path)
        #expect(try subject.encoder.encodeDocuments(texts) == vectors)
        #expect(try readFile(path) == whole)
    }

    @Test("the oldest files go when the folder is full, and what is larger than the folder is not kept")
    func limit() throws {
        let subject = try Subject(byteLimit: 3000)
        for i in 0..<6 { _ = try subject.encoder.encodeDocuments(["cat \(i)", "dog", "bank", "card", "money"]) }
        let sizes = try subject.files.map { try FileSystem.size(of: $0) }
        #expect(!sizes.isEmpty && sizes.count < 6 && sizes.reduce(0, +) <= 3000)
        let small = try Subject(byteLimit: 100)
        _ = try small.encoder.encodeDocuments(texts)
        #expect(!FileSystem.exists(small.folder.path + "/vectors"))
    }

    @Test("a folder that cannot be written is no error")
    func unwritable() throws {
        let cache = VectorCache(folder: "/dev/null/vectors", byteLimit: 1 << 20)
        let encoder = CachingTextEncoder(try TextEncoder(model: ModelFolder(path: TinyBERT.path)), cache: cache)
        #expect(try encoder.encodeDocuments(texts).rows == 3)
    }
}
