import Foundation
import Harness
import VectorIndex
import VectorMath

extension Trials {
    /// One flipped bit at a time, anywhere in a file: verification has to find each, and no search may answer otherwise than before.
    func damage<Index: TriedIndex>(_ index: Index, _ vectors: Vectors) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("attune-trial-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try index.write(to: path)
        let file = open(path, O_RDWR)
        guard file >= 0 else { throw CocoaError(.fileReadNoPermission) }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        let asked = vectors.queries.view.rows(0..<4)
        let expected = try Index.open(path).search(asked, k: k)
        try Index.verify(path)

        var generator = RandomGenerator(seed: seed)
        var (found, refused, wrong) = (0, 0, 0)
        for _ in 0..<flips {
            let place = generator.below(size)
            try flip(1 << UInt8(generator.below(8)), at: place, of: file) {
                do { try Index.verify(path) } catch { found += 1 }
                do {
                    if try Index.open(path).search(asked, k: k) != expected { wrong += 1 }
                } catch { refused += 1 }
            }
        }
        try Index.verify(path)
        print(
            "\(flips) flipped bits in \(size) bytes: verification found \(found); of 4 searches each, \(refused) met the damage and "
                + "said so, \(wrong) answered otherwise than before\n")
    }

    private func flip(_ bit: UInt8, at place: Int, of file: Int32, during body: () throws -> Void) throws {
        var byte: UInt8 = 0
        guard pread(file, &byte, 1, off_t(place)) == 1 else { throw CocoaError(.fileReadUnknown) }
        var damaged = byte ^ bit
        guard pwrite(file, &damaged, 1, off_t(place)) == 1 else { throw CocoaError(.fileWriteUnknown) }
        try body()
        guard pwrite(file, &byte, 1, off_t(place)) == 1 else { throw CocoaError(.fileWriteUnknown) }
    }
}
