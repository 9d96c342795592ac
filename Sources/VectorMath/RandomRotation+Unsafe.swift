internal import CAttuneKernels

/// A rotation of vectors that spreads every direction over all coordinates: four rounds of random signs, a Hadamard
/// transform of most coordinates and a walk of Kac between the halves, in O(D log D).
///
/// The signs are what it is: they are kept and written, never drawn again. Equal on all instruction sets to the last bit;
/// a length is kept but for rounding, `(4·(log2 width + 3) + 1)·2⁻²⁴` of it at most.
package struct RandomRotation: Equatable, Sendable {
    /// D padded: the coordinates that are rotated, a multiple of 64.
    package let width: Int
    /// A bit for each coordinate of each round, 1 for minus: `[4, width / 8]` bytes.
    package let signs: [UInt8]

    /// The width for vectors of `dimension` coordinates.
    package static func width(dimension: Int) -> Int {
        let unit = Int(ATTUNE_CODE_UNIT)
        return (dimension + unit - 1) / unit * unit
    }

    /// The bytes of the signs.
    package static func signCount(width: Int) -> Int { Int(ATTUNE_CODE_ROUNDS) * width / 8 }

    /// The rotation of a seed.
    package init(dimension: Int, seed: UInt64) {
        precondition(dimension > 0, "a rotation of \(dimension) dimensions")
        width = Self.width(dimension: dimension)
        var generator = RandomGenerator(seed: seed)
        var signs: [UInt8] = []
        while signs.count < Self.signCount(width: width) {
            let word = generator.next()
            for byte in 0..<8 { signs.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * byte))) }
        }
        self.signs = signs
    }

    /// The rotation of signs that were kept.
    package init(width: Int, signs: [UInt8]) {
        precondition(width > 0 && width % Int(ATTUNE_CODE_UNIT) == 0, "a rotation of \(width) coordinates")
        precondition(signs.count == Self.signCount(width: width), "\(signs.count) bytes of signs")
        self.width = width
        self.signs = signs
    }

    /// Rotates `width` numbers in place.
    package func apply(_ vector: UnsafeMutablePointer<Float>) {
        kernels.code_rotate(signs, vector, width)
    }
}
