import Encoders
import Files
import Glibc
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("all-MiniLM-L6-v2", .enabled(if: SharedData.hasMiniLM))
struct MiniLMTests {
    /// The cosine with sentence-transformers' vector of the same text.
    static let cosine = 0.99999

    /// The largest difference of one number in a vector of length 1.
    static let difference = 1e-6

    private static let fixture =
        getenv("ATTUNE_ENCODER_FIXTURE").map { String(cString: $0) } ?? SharedData.fixtures + "/encoders/minilm"

    @Test(
        "vectors equal sentence-transformers': everyday lines, empty texts, other scripts, control characters, long texts"
    )
    func vectors() throws {
        let texts = try JSONValue.parse(readFile(Self.fixture + "/texts.json"), path: "texts.json")["texts"]!
            .arrayValue!.map { $0.stringValue! }
        let expected = try NumpyArray.open(Self.fixture + "/vectors.npy")
        #expect(expected.shape == [texts.count, 384])
        let encoder = try TextEncoder(model: ModelFolder(path: SharedData.miniLM))
        #expect(encoder.maxLength == 256 && encoder.dimension == 384)
        let (vectors, all) = (try encoder.encode(texts), expected.floats())
        var (lowest, largest) = (1.0, 0.0)
        for (row, text) in texts.enumerated() {
            let (found, wanted) = (vectors.row(row), Array(all[row * 384..<(row + 1) * 384]))
            let cosine = zip(found, wanted).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            #expect(cosine >= Self.cosine, "\(text.debugDescription)")
            lowest = min(lowest, cosine)
            largest = max(largest, largestDifference(found, wanted))
        }
        #expect(largest <= Self.difference, "lowest cosine \(lowest)")
    }

    @Test("the number of threads does not change a bit", arguments: [2, 3])
    func threads(width: Int) throws {
        let encoder = try TextEncoder(model: ModelFolder(path: SharedData.miniLM))
        let texts = (0..<40).map { i in String(repeating: "a text of some length, ", count: i % 9) + "\(i)" }
        let one = try ThreadPool.withWidth(1) { try encoder.encode(texts) }
        #expect(try ThreadPool.withWidth(width) { try encoder.encode(texts) } == one)
    }

    @Test("a text's vector has the same bits in any company")
    func company() throws {
        let encoder = try TextEncoder(model: ModelFolder(path: SharedData.miniLM))
        let texts = (0..<60).map { i in String(repeating: "words ", count: i * 3) + "\(i)" }
        let together = try encoder.encode(texts)
        for row in stride(from: 0, to: texts.count, by: 7) {
            let alone = try encoder.encode([texts[row]])
            #expect(alone.row(0) == together.row(row))
        }
    }
}
