import CAttuneKernels
import Testing
import VectorMath

@Suite("Checksums in C")
struct DigestTests {
    @Test("CRC-32C of the test vectors of RFC 3720, with and without instructions")
    func crc32cVectors() {
        let vectors: [([UInt8], UInt32)] = [
            (Array("123456789".utf8), 0xe306_9283), ([], 0), ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43), ((0..<32).map { $0 }, 0x46dd_794e),
            ((0..<32).reversed().map { $0 }, 0x113f_db5c),
        ]
        for (bytes, expected) in vectors {
            #expect(attune_crc32c(0, bytes, bytes.count) == expected)
            #expect(attune_crc32c_portable(0, bytes, bytes.count) == expected)
        }
        #expect(attune_crc32c(0, nil, 0) == 0)
    }

    @Test("CRC-32C is the same in pieces, at any start and by either way")
    func crc32cInPieces() {
        var generator = RandomGenerator(seed: 1)
        let bytes = (0..<300).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        for start in 0..<9 {
            for end in start...300 {
                let whole = Array(bytes[start..<end])
                let expected = attune_crc32c_portable(0, whole, whole.count)
                let cut = whole.count / 3
                let found = bytes.withUnsafeBytes { bytes -> UInt32 in
                    let base = bytes.baseAddress! + start
                    return attune_crc32c(attune_crc32c(0, base, cut), base + cut, whole.count - cut)
                }
                if found != expected { Issue.record("\(start)..<\(end)") }
            }
        }
    }

    private func sha256(_ pieces: [[UInt8]], portable: Bool) -> String {
        var context = attune_sha256()
        attune_sha256_init(&context)
        if portable { context.portable = 1 }
        for piece in pieces { attune_sha256_update(&context, piece, piece.count) }
        var digest = [UInt8](repeating: 0, count: 32)
        attune_sha256_final(&context, &digest)
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    @Test(
        "SHA-256 of the standard's test vectors",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256Vectors(text: String, digest: String) {
        #expect(sha256([Array(text.utf8)], portable: true) == digest)
        #expect(sha256([Array(text.utf8)], portable: false) == digest)
    }

    @Test("SHA-256 of a million letters")
    func sha256Million() {
        let letters = [UInt8](repeating: 0x61, count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(sha256([letters], portable: true) == expected)
        #expect(sha256([letters], portable: false) == expected)
    }

    @Test("SHA-256 is the same in pieces and by either way, in every length up to three blocks")
    func sha256InPieces() {
        var generator = RandomGenerator(seed: 2)
        let bytes = (0..<200).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        for count in 0...200 {
            let whole = sha256([Array(bytes[..<count])], portable: true)
            let cut = generator.below(count + 1)
            let later = cut + generator.below(count - cut + 1)
            let pieces = [Array(bytes[..<cut]), Array(bytes[cut..<later]), [], Array(bytes[later..<count])]
            #expect(sha256(pieces, portable: false) == whole)
            #expect(sha256(pieces, portable: true) == whole)
        }
    }
}
