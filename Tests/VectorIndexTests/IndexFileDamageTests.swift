import Files
import Testing
import VectorIndex
import VectorMath

@Suite("Damaged index files")
struct IndexFileDamageTests {
    @Test("are found out by a search for every single flipped bit of a small file")
    func everyBit() throws {
        let folder = try TemporaryFolder()
        let bytes = try DamagedFiles.small(in: folder)
        let path = folder.file("flipped")
        #expect(DamagedFiles.searchError(folder.file("small")) == nil)
        for bit in 0..<8 * bytes.count {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            try overwrite(path, damaged)
            #expect(DamagedFiles.searchError(path) != nil, "bit \(bit % 8) of byte \(bit / 8)")
            #expect(DamagedFiles.verifyError(path) != nil, "bit \(bit % 8) of byte \(bit / 8)")
        }
    }

    @Test("are found out for flipped bits anywhere in a file of several pages")
    func randomBits() throws {
        let folder = try TemporaryFolder()
        let bytes = try DamagedFiles.large(in: folder)
        try #require(bytes.count > 3 * 65536)
        let path = folder.file("flipped")
        var generator = RandomGenerator(seed: 4)
        let places = (0..<600).map { _ in generator.below(bytes.count) } + [0, 65535, 65536, 131072, bytes.count - 1]
        for place in places {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(generator.below(8))
            try overwrite(path, damaged)
            #expect(DamagedFiles.searchError(path) != nil, "byte \(place)")
            #expect(DamagedFiles.verifyError(path) != nil, "byte \(place)")
        }
    }

    @Test("are found out at every length that they may be cut to, and with bytes appended")
    func everyLength() throws {
        let folder = try TemporaryFolder()
        let bytes = try DamagedFiles.small(in: folder)
        let path = folder.file("cut")
        for length in 0..<bytes.count {
            try overwrite(path, Array(bytes[..<length]))
            let error = try #require(DamagedFiles.searchError(path), "cut to \(length) bytes")
            switch error {
            case .notAnIndex: #expect(length < 8)
            case .wrongSize(path, _, let found): #expect(found == length && length >= 8)
            default: Issue.record("cut to \(length) bytes: \(error)")
            }
        }
        try overwrite(path, bytes + [0])
        #expect(
            DamagedFiles.searchError(path)
                == .wrongSize(path: path, expected: bytes.count, found: bytes.count + 1))
    }

    @Test("answer from their sound pages until a damaged one is touched")
    func firstTouch() throws {
        let folder = try TemporaryFolder()
        var bytes = try DamagedFiles.large(in: folder)
        let sound = try ExactSnapshot(path: folder.file("large"))
        let ids = try sound.ids()
        bytes[150_000] ^= 1
        try overwrite(folder.file("damaged"), bytes)
        let damaged = try ExactSnapshot(path: folder.file("damaged"))
        #expect(try damaged.vector(of: ids[0]) == sound.vector(of: ids[0]))
        let expected = VectorIndexError.damaged(
            path: folder.file("damaged"),
            reason: "the checksum of bytes 131072..<\(min(196_608, 64 + 7232 + 900 * 256)) is wrong")
        #expect(throws: expected) { try damaged.search([Float](repeating: 1, count: 50), k: 1) }
        #expect(throws: expected) { try damaged.verify() }
        // What is copied must not get a fresh checksum.
        #expect(throws: expected) { try damaged.write(to: folder.file("copy")) }
        #expect(!FileSystem.exists(folder.file("copy")))
    }

    // MARK: Files made to harm, with sound checksums

    struct Forgery: CustomTestStringConvertible {
        var offset: Int
        var value: [UInt8]
        var testDescription: String { "\(value) at \(offset)" }
    }

    static let forgeries = [
        Forgery(offset: 12, value: [3, 0, 0, 0]),  // metric
        Forgery(offset: 16, value: [0, 0, 0, 0]),  // dimension
        Forgery(offset: 16, value: [255, 255, 255, 255]), Forgery(offset: 16, value: [1, 0, 1, 0]),
        Forgery(offset: 20, value: [255, 255, 255, 255]),  // tag
        Forgery(offset: 20, value: [255, 255, 0, 0]), Forgery(offset: 20, value: [100, 0, 0, 0]),
        Forgery(offset: 24, value: [255, 255, 255, 255, 255, 255, 255, 255]),  // count
        Forgery(offset: 24, value: [255, 255, 255, 255, 255, 255, 255, 127]),
        Forgery(offset: 24, value: [0, 0, 0, 0, 0, 0, 0, 32]), Forgery(offset: 24, value: [6, 0, 0, 0, 0, 0, 0, 0]),
        Forgery(offset: 24, value: [255, 255, 255, 255, 7, 0, 0, 0]),
        Forgery(offset: 32, value: [255, 255, 255, 255, 255, 255, 255, 255]),  // file size
        Forgery(offset: 40, value: [1]), Forgery(offset: 56, value: [0, 0, 0, 0]),  // reserved, page size
    ]

    @Test("are refused where a forged header promises what is not there", arguments: forgeries)
    func forgedHeader(forgery: Forgery) throws {
        let folder = try TemporaryFolder()
        var bytes = try DamagedFiles.small(in: folder)
        bytes.replaceSubrange(forgery.offset..<forgery.offset + forgery.value.count, with: forgery.value)
        DamagedFiles.sealHeader(&bytes)
        try overwrite(folder.file("forged"), bytes)
        let error = try #require(DamagedFiles.searchError(folder.file("forged")))
        switch error {
        case .damaged, .wrongSize: break
        default: Issue.record("\(error)")
        }
    }

    @Test("are refused where the ids do not ascend", arguments: [1, 3] as [UInt8])
    func forgedIDs(id: UInt8) throws {
        let folder = try TemporaryFolder()
        var bytes = try DamagedFiles.small(in: folder)
        // The ids are 1, 3, 4, 9, 15 from byte 128 on.
        #expect(bytes[128 + 16] == 4)
        bytes[128 + 16] = id
        DamagedFiles.sealPages(&bytes, pagesOffset: 128 + 64 + 5 * 64)
        try overwrite(folder.file("forged"), bytes)
        let expected = VectorIndexError.damaged(
            path: folder.file("forged"), reason: "its ids do not ascend at row 2")
        #expect(DamagedFiles.searchError(folder.file("forged")) == expected)
        #expect(DamagedFiles.verifyError(folder.file("forged")) == expected)
    }

    @Test(
        "with NaN or infinity in a vector do not crash a search and fail verification",
        arguments: [Float.nan, .infinity])
    func forgedVector(value: Float) throws {
        let folder = try TemporaryFolder()
        var bytes = try DamagedFiles.small(in: folder)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.replaceSubrange(192..<196, with: $0) }
        DamagedFiles.sealPages(&bytes, pagesOffset: 128 + 64 + 5 * 64)
        try overwrite(folder.file("forged"), bytes)
        let snapshot = try ExactSnapshot(path: folder.file("forged"))
        #expect(try snapshot.search([1, 1, 1, 1], k: 10).prefix(4).allSatisfy { $0.score.isFinite })
        #expect(
            DamagedFiles.verifyError(folder.file("forged"))
                == .damaged(path: folder.file("forged"), reason: "the vector of id 1 is none that an index keeps"))
    }

    /// Writes without the care of an atomic file, which these many small files do not need.
    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        try FileSystem.remove(path)
        try writeWithoutCare(bytes, to: path)
    }
}
