/// A hash that is the same on every machine and in every version: what decides which split something goes to.
///
/// FNV-1a over the seed and the text's bytes, finished by the mixing function of SplitMix64.
struct StableHash {
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    func value(of text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for shift in stride(from: 0, to: 64, by: 8) {
            hash = StableHash.step(hash, UInt8(truncatingIfNeeded: seed >> shift))
        }
        for byte in text.utf8 { hash = StableHash.step(hash, byte) }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }

    /// A number from 0 up to but not including 1.
    func fraction(of text: String) -> Double { Double(value(of: text) >> 11) * 0x1p-53 }

    /// One of some choices.
    func choice<T>(_ choices: [T], for text: String) -> T { choices[Int(value(of: text) % UInt64(choices.count))] }

    private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
}

/// Which part of the data is held out.
public struct SplitFractions: Equatable, Sendable {
    public var test: Double
    public var dev: Double

    public init(test: Double = 0.2, dev: Double = 0.1) {
        self.test = test
        self.dev = dev
    }

    func validate() throws(CorporaError) {
        guard test >= 0, dev >= 0, test + dev <= 1 else {
            throw .invalidOption(
                name: "the held-out share", found: "\(test) for test and \(dev) for dev",
                expected: "two numbers from 0 to 1 that make at most 1 together")
        }
    }

    /// A share so small that a split of it need not be there.
    static let negligible = 1e-9

    /// The split of what hashes to a fraction.
    func split(of fraction: Double) -> String {
        if fraction < test { return SplitName.test }
        return fraction < test + dev ? SplitName.dev : SplitName.train
    }
}
