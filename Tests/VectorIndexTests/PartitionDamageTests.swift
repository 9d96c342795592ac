import Files
import TestSupport
import Testing
import VectorMath

@testable import VectorIndex

@Suite("Damaged files of partitions")
struct PartitionDamageTests {
    /// An index of 40 vectors in three partitions.
    static func small() throws -> PartitionSnapshot {
        var vectors = TestVectors.random(40, dimension: 4, seed: 70)
        vectors.setRow(7, to: vectors.row(8))
        let settings = PartitionSettings(partitions: 3, vectors: .float32)
        return try PartitionSamples.index(vectors, metric: .innerProduct, settings: settings).snapshot()
    }

    /// An index of 2,000 vectors in some twenty pages.
    static func large() throws -> PartitionSnapshot {
        try PartitionSamples.index(GraphVectors.clustered(2000, dimension: 90, seed: 71)).snapshot()
    }

    /// What a reader does with the file: opens it, searches, verifies. Whether verification found it wrong; a search that answers
    /// has to answer as it should.
    private func isFoundOut(_ path: String, expected: [[Neighbour]], queries: Matrix<Float>) -> Bool {
        do throws(VectorIndexError) {
            let snapshot = try PartitionSnapshot(path: path)
            do throws(VectorIndexError) {
                let found = try snapshot.search(queries.view, k: 5)
                #expect(found == expected)
            } catch {}
            try snapshot.verify()
            return false
        } catch { return true }
    }

    @Test("are found out for every single flipped bit of a small file, and never answer otherwise")
    func everyBit() throws {
        let folder = try TemporaryFolder()
        let snapshot = try Self.small()
        try snapshot.write(to: folder.file("small"), tag: [1, 2, 3])
        let bytes = try readFile(folder.file("small"))
        let queries = TestVectors.random(1, dimension: 4, seed: 72)
        let expected = try snapshot.search(queries.view, k: 5)
        #expect(!isFoundOut(folder.file("small"), expected: expected, queries: queries))
        // Of every byte one bit, and all bits of the header.
        let bits = Array(0..<512) + (64..<bytes.count).map { 8 * $0 + $0 % 8 }
        for bit in bits {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            try overwrite(folder.file("flipped"), damaged)
            #expect(
                isFoundOut(folder.file("flipped"), expected: expected, queries: queries),
                "bit \(bit % 8) of byte \(bit / 8)")
        }
    }

    @Test("are found out for flipped bits anywhere in a file of many pages")
    func randomBits() throws {
        let folder = try TemporaryFolder()
        let snapshot = try Self.large()
        try snapshot.write(to: folder.file("large"))
        let bytes = try readFile(folder.file("large"))
        try #require(bytes.count > 10 * 65536)
        let queries = GraphVectors.clustered(3, dimension: 90, seed: 73)
        let expected = try snapshot.search(queries.view, k: 5)
        var generator = RandomGenerator(seed: 74)
        let places = (0..<300).map { _ in generator.below(bytes.count) } + [0, 65535, 65536, bytes.count - 1]
        for place in places {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(generator.below(8))
            try overwrite(folder.file("flipped"), damaged)
            #expect(isFoundOut(folder.file("flipped"), expected: expected, queries: queries), "byte \(place)")
        }
    }

    @Test("are found out at every length that they may be cut to")
    func everyLength() throws {
        let folder = try TemporaryFolder()
        try Self.small().write(to: folder.file("small"))
        let bytes = try readFile(folder.file("small"))
        for length in 0..<bytes.count {
            try overwrite(folder.file("cut"), Array(bytes[..<length]))
            #expect(throws: VectorIndexError.self, "cut to \(length) bytes") {
                try PartitionSnapshot(path: folder.file("cut"))
            }
        }
    }

    // MARK: Files made to harm, with sound checksums

    struct Forgery: CustomTestStringConvertible {
        var testDescription: String
        var place: @Sendable (PartitionFileLayout) -> Int
        var value: [UInt8]
        /// Whether opening refuses it, or else verification.
        var isRefused = false
    }

    static let forgeries = [
        Forgery(
            testDescription: "a scale of 0", place: { $0.facts.lowerBound + 24 }, value: [0, 0, 0, 0], isRefused: true),
        Forgery(testDescription: "no space", place: { $0.facts.lowerBound + 12 }, value: [0], isRefused: true),
        Forgery(
            testDescription: "a thousand points", place: { $0.facts.lowerBound + 28 }, value: [0xe8, 3], isRefused: true
        ),
        Forgery(
            testDescription: "a centre that is not a number", place: { $0.centre.lowerBound },
            value: [0, 0, 0xc0, 0x7f], isRefused: true),
        Forgery(
            testDescription: "a length that is not a number", place: { $0.lengths.lowerBound },
            value: [0, 0, 0xc0, 0x7f], isRefused: true),
        Forgery(
            testDescription: "a partition with a vector more", place: { $0.sizes.lowerBound }, value: [0x7f],
            isRefused: true),
        Forgery(
            testDescription: "a partition of billions", place: { $0.sizes.lowerBound }, value: [0, 0, 0, 0xff],
            isRefused: true),
        Forgery(
            testDescription: "centres of infinity", place: { $0.centres.lowerBound },
            value: [UInt8](repeating: 0x7c, count: 128)),
        Forgery(
            testDescription: "codes without numbers", place: { $0.bodies.lowerBound },
            value: [UInt8](repeating: 0xff, count: 384)),
        Forgery(
            testDescription: "another id of a vector", place: { $0.bodies.upperBound - 64 },
            value: [UInt8](repeating: 0x77, count: 64)),
        Forgery(testDescription: "ids that do not ascend", place: { $0.tableIDs.lowerBound }, value: [0x77, 0x77]),
        Forgery(
            testDescription: "an id of a partition that is not there", place: { $0.tablePartitions.lowerBound },
            value: [0, 0, 0, 0x20]),
    ]

    @Test("that say impossible things crash nothing, and are refused or fail verification", arguments: forgeries)
    func forged(forgery: Forgery) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("forged")
        try Self.small().write(to: path)
        var bytes = try readFile(path)
        let layout = try PartitionFileLayout(reading: bytes.withUnsafeBytes { UnsafeRawBufferPointer($0) }, path: path)
        let place = forgery.place(layout)
        bytes.replaceSubrange(place..<place + forgery.value.count, with: forgery.value)
        DamagedFiles.sealPages(&bytes, pagesOffset: layout.pagesOffset)
        try overwrite(path, bytes)
        if forgery.isRefused {
            #expect(throws: VectorIndexError.self) { try PartitionSnapshot(path: path) }
        } else {
            let snapshot = try PartitionSnapshot(path: path)
            for row in 0..<20 {
                _ = try? snapshot.search(TestVectors.random(20, dimension: 4, seed: 75).row(row), k: 10)
            }
            // Codes and centres mean nothing that could be verified.
            if !forgery.testDescription.hasPrefix("c") {
                #expect(throws: VectorIndexError.self) { try snapshot.verify() }
            }
        }
    }

    @Test("are never written anew")
    func notCopied() throws {
        let folder = try TemporaryFolder()
        try Self.large().write(to: folder.file("a"))
        var bytes = try readFile(folder.file("a"))
        bytes[bytes.count - 100_000] ^= 4
        try overwrite(folder.file("a"), bytes)
        let snapshot = try PartitionSnapshot(path: folder.file("a"))
        #expect(throws: VectorIndexError.self) { try snapshot.write(to: folder.file("b")) }
        #expect(throws: VectorIndexError.self) { try PartitionIndex(path: folder.file("a")) }
        #expect(!FileSystem.exists(folder.file("b")))
    }

    private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
        try FileSystem.remove(path)
        try writeWithoutCare(bytes, to: path)
    }
}
