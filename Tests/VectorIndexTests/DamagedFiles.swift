import Files
import VectorIndex
import VectorMath

/// Index files to be damaged, and what a reader makes of them.
enum DamagedFiles {
    /// The bytes of an index of 5 vectors in one page.
    static func small(in folder: TemporaryFolder) throws -> [UInt8] {
        let vectors = TestVectors.random(5, dimension: 4, seed: 1)
        let snapshot = try TestVectors.index(vectors, ids: [3, 1, 4, 15, 9], metric: .squaredL2)
        try snapshot.write(to: folder.file("small"), tag: [1, 2, 3])
        return try readFile(folder.file("small"))
    }

    /// The bytes of an index of 900 vectors in four pages, ids and vectors in different ones.
    static func large(in folder: TemporaryFolder) throws -> [UInt8] {
        let vectors = TestVectors.random(900, dimension: 50, seed: 2)
        let snapshot = try TestVectors.index(vectors, ids: TestVectors.ids(900, seed: 3), metric: .innerProduct)
        try snapshot.write(to: folder.file("large"))
        return try readFile(folder.file("large"))
    }

    /// Gives a changed header its checksum, as somebody would who means harm.
    static func sealHeader(_ bytes: inout [UInt8]) {
        let checksum = bytes[..<60].withUnsafeBytes { crc32c($0) }
        withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(60..<64, with: $0) }
    }

    /// Gives changed content its checksums. `pagesOffset` is where the table begins.
    static func sealPages(_ bytes: inout [UInt8], pagesOffset: Int) {
        var table: [UInt8] = []
        for start in stride(from: 0, to: pagesOffset, by: 65536) {
            let checksum = bytes[start..<min(start + 65536, pagesOffset)].withUnsafeBytes { crc32c($0) }
            withUnsafeBytes(of: checksum.littleEndian) { table.append(contentsOf: $0) }
        }
        let seal = table.withUnsafeBytes { crc32c($0) }
        withUnsafeBytes(of: seal.littleEndian) { table.append(contentsOf: $0) }
        bytes.replaceSubrange(pagesOffset..<bytes.count, with: table)
    }

    /// Opens the file and reads all that a search reads; nil where nothing was found wrong.
    static func searchError(_ path: String) -> VectorIndexError? {
        do throws(VectorIndexError) {
            let snapshot = try ExactSnapshot(path: path)
            _ = try snapshot.search([Float](repeating: 1, count: snapshot.dimension), k: 3)
            return nil
        } catch { return error }
    }

    /// Opens the file and verifies it; nil where nothing was found wrong.
    static func verifyError(_ path: String) -> VectorIndexError? {
        do throws(VectorIndexError) {
            try ExactSnapshot(path: path).verify()
            return nil
        } catch { return error }
    }
}
