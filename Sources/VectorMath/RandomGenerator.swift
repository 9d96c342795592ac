/// Random numbers that are the same for ever: xoshiro256** (Blackman and Vigna, doi:10.1145/3460772), seeded by
/// splitmix64.
///
/// What is drawn from it – numbers, normal numbers, orders – uses operations with one exact result only, so a seed gives
/// the same sequence on every machine and in every version. Tests hold it to recorded values.
public struct RandomGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var s0, s1, s2, s3: UInt64

    /// The sequence of a seed. Sequences of other `stream` numbers are independent of it.
    public init(seed: UInt64, stream: UInt64 = 0) {
        var mixer = seed &+ stream &* 0xd134_2543_de82_ef95
        func next() -> UInt64 {
            mixer &+= 0x9e37_79b9_7f4a_7c15
            var z = mixer
            z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
            return z ^ z >> 31
        }
        (s0, s1, s2, s3) = (next(), next(), next(), next())
    }

    /// Goes on from a saved ``state``; nil unless it is four words that are not all zero.
    public init?(state: [UInt64]) {
        guard state.count == 4, state.contains(where: { $0 != 0 }) else { return nil }
        (s0, s1, s2, s3) = (state[0], state[1], state[2], state[3])
    }

    /// The four words that determine all further numbers.
    public var state: [UInt64] { [s0, s1, s2, s3] }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        let scrambled = s1 &* 5
        let result = (scrambled << 7 | scrambled >> 57) &* 9
        let shifted = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        s3 = s3 << 45 | s3 >> 19
        return result
    }

    /// A number in 0..<1, a multiple of 2^-24.
    public mutating func uniform() -> Float {
        Float(next() >> 40) * 0x1p-24
    }

    /// A number in 0..<1, a multiple of 2^-53.
    public mutating func uniformDouble() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// An integer in `0..<bound`, each with the same probability. By Lemire, doi:10.1145/3230636.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "no integer is below \(bound) and not negative")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// A number of the normal distribution with mean 0 and deviation 1, by Marsaglia's polar method.
    public mutating func normal() -> Float {
        while true {
            let x = 2 * uniformDouble() - 1
            let y = 2 * uniformDouble() - 1
            let square = x * x + y * y
            guard square > 0, square < 1 else { continue }
            return Float(x * (-2 * Self.logarithm(square) / square).squareRoot())
        }
    }

    /// Puts the elements into a random order (Fisher and Yates).
    public mutating func shuffle<Element>(_ elements: inout [Element]) {
        for last in stride(from: elements.count - 1, to: 0, by: -1) {
            elements.swapAt(last, below(last + 1))
        }
    }

    /// The natural logarithm by basic operations only: libraries differ in the last bit.
    private static func logarithm(_ x: Double) -> Double {
        var (exponent, fraction) = (Double(x.exponent), x.significand)
        if fraction > 1.4142135623730951 {
            fraction /= 2
            exponent += 1
        }
        // log f = 2 atanh((f - 1)/(f + 1)); the argument is below 0.1716, so 11 terms reach double precision.
        let t = (fraction - 1) / (fraction + 1)
        let square = t * t
        var sum = 0.0
        for term in stride(from: 21, through: 1, by: -2) { sum = sum * square + 1 / Double(term) }
        return 2 * t * sum + exponent * 0.6931471805599453
    }
}

extension RandomGenerator: Codable {
    private enum CodingKeys: String, CodingKey {
        case state
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard let restored = RandomGenerator(state: try container.decode([UInt64].self, forKey: .state)) else {
            throw DecodingError.dataCorruptedError(
                forKey: .state, in: container,
                debugDescription: "the state of a random generator is four words, not all of them zero")
        }
        self = restored
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(state, forKey: .state)
    }
}
