import Files
import TestSupport
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "SHA-256 gives the published digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ])
    func matchesPublished(text: String, hex: String) throws {
        #expect(SHA256Digest.of(text).hex == hex)
        let folder = try TemporaryFolder()
        #expect(try SHA256Digest.of(fileAt: folder.write(text, to: "a")).description == hex)
    }

    @Test("pieces give the digest of the whole, and a look in between changes nothing")
    func streams() {
        let bytes = (0..<1000).map { UInt8($0 & 0xFF) }
        for size in [1, 7, 63, 64, 65, 999] {
            var hasher = SHA256Digest.Hasher()
            for start in stride(from: 0, to: bytes.count, by: size) {
                hasher.update(Array(bytes[start..<min(start + size, bytes.count)]))
                _ = hasher.finalize()
            }
            #expect(hasher.finalize() == SHA256Digest.of(bytes))
        }
    }

    @Test("reads its own hexadecimal form and nothing else")
    func readsHex() throws {
        let digest = SHA256Digest.of("x")
        #expect(SHA256Digest(hex: digest.hex) == digest)
        #expect(SHA256Digest(hex: digest.hex.uppercased()) == digest)
        for bad in ["", "ab", digest.hex + "0", String(digest.hex.dropLast()) + "g", String(repeating: "é", count: 32)]
        {
            #expect(SHA256Digest(hex: bad) == nil)
        }
        let json = try encodeJSON([digest])
        #expect(try decodeJSON([SHA256Digest].self, bytes: Array(json.utf8), path: "a") == [digest])
        #expect(throws: FilesError.self) {
            try decodeJSON([SHA256Digest].self, bytes: Array("[\"12\"]".utf8), path: "a")
        }
    }

    @Test("CRC-32C gives the published checksum, in one piece or two")
    func checksums() {
        let bytes = Array("123456789".utf8)
        bytes.withUnsafeBytes { all in
            #expect(crc32c(all) == 0xE306_9283)
            let first = crc32c(UnsafeRawBufferPointer(rebasing: all[..<4]))
            #expect(crc32c(UnsafeRawBufferPointer(rebasing: all[4...]), seed: first) == 0xE306_9283)
        }
    }
}

@Suite("The cache of digests")
struct DigestCacheTests {
    let folder: TemporaryFolder
    let cache: DigestCache
    let large: String

    init() throws {
        folder = try TemporaryFolder()
        cache = DigestCache(path: folder.file("cache/digests.json"), settlingSeconds: -10)
        large = try folder.write([UInt8](repeating: 1, count: DigestCache.smallestSize), to: "large")
    }

    /// Puts a wrong digest into the cache, which shows whether the cache is asked.
    private func poison() throws -> SHA256Digest {
        let wrong = SHA256Digest.of("wrong")
        let entries = try JSONValue.read(cache.path).objectValue ?? [:]
        let poisoned = JSONValue.object(entries.mapValues { _ in ["digest": .string(wrong.hex), "usedAt": 0] })
        try writeFile(poisoned.serialized(), to: cache.path)
        return wrong
    }

    @Test("remembers a large file until it changes")
    func remembers() throws {
        let digest = try cache.digest(ofFileAt: large)
        #expect(try digest == SHA256Digest.of(fileAt: large))
        let wrong = try poison()
        #expect(try cache.digest(ofFileAt: large) == wrong)
        #expect(try SHA256Digest.of(fileAt: large) == digest)
        try folder.write([UInt8](repeating: 2, count: DigestCache.smallestSize), to: "large")
        #expect(try cache.digest(ofFileAt: large) == SHA256Digest.of(fileAt: large))
    }

    @Test("does not remember small files, nor files that changed just now")
    func forgets() throws {
        let small = try folder.write("small", to: "small")
        #expect(try cache.digest(ofFileAt: small) == SHA256Digest.of("small"))
        #expect(!FileSystem.exists(cache.path))
        let careful = DigestCache(path: cache.path, settlingSeconds: 1000)
        _ = try careful.digest(ofFileAt: large)
        #expect(!FileSystem.exists(cache.path))
    }

    @Test("works without a cache that can be read or written", arguments: ["not JSON", "{\"a\": 1}", ""])
    func survivesDamage(content: String) throws {
        try folder.write(content, to: "cache/digests.json")
        #expect(try cache.digest(ofFileAt: large) == SHA256Digest.of(fileAt: large))
        let nowhere = DigestCache(path: "/dev/null/digests.json", settlingSeconds: -10)
        #expect(try nowhere.digest(ofFileAt: large) == SHA256Digest.of(fileAt: large))
        #expect(throws: FilesError.self) { try cache.digest(ofFileAt: folder.file("none")) }
    }
}

@Suite("The identity of a space")
struct SpaceIdentityTests {
    @Test("does not depend on the order of its parts, but on every name and value")
    func identifies() {
        let space = SpaceIdentity(parts: [("weights", "a"), ("pooling", "mean")])
        #expect(space == SpaceIdentity(parts: [("pooling", "mean"), ("weights", "a")]))
        for other in [
            [("weights", "a"), ("pooling", "cls")], [("weights", "a"), ("Pooling", "mean")], [("weights", "a")],
            [("weights", "apooling"), ("", "mean")], [("weights", "a"), ("pooling", "mean"), ("prompt", "")],
        ] {
            #expect(space != SpaceIdentity(parts: other))
        }
    }

    @Test("is the same for ever")
    func staysTheSame() {
        let space = SpaceIdentity(parts: [("weights", "a"), ("pooling", "mean")])
        #expect(space.digest == "316697b3603c33aeee6f8dd7703dccf9dc4187991cbe193a8f2f4ce0be7dc8d8")
        #expect(space.description == String(space.digest.prefix(12)))
    }

    @Test("is written down and read again")
    func roundTrips() throws {
        let space = SpaceIdentity(parts: [("a", "b")])
        #expect(SpaceIdentity(digest: space.digest) == space)
        #expect(SpaceIdentity(digest: "none") == nil)
        let json = try encodeJSON([space])
        #expect(json == "[\"\(space.digest)\"]")
        #expect(try decodeJSON([SpaceIdentity].self, bytes: Array(json.utf8), path: "a") == [space])
    }
}
