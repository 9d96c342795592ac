/// A 16-bit number with the exponent of `Float` and 8 bits of precision: the upper half of a `Float`.
@frozen public struct BFloat16: Equatable, Sendable {
    /// The sign, 8 bits of exponent and 7 of fraction.
    public var bits: UInt16

    /// The number with these bits.
    @inlinable public init(bits: UInt16) {
        self.bits = bits
    }

    /// The nearest number, ties to even. A NaN stays one (quiet, with its sign and upper bits); what is too large becomes
    /// infinite.
    @inlinable public init(_ value: Float) {
        let pattern = value.bitPattern
        if value.isNaN {
            bits = UInt16(truncatingIfNeeded: pattern >> 16) | 0x40
        } else {
            bits = UInt16(truncatingIfNeeded: (pattern + 0x7fff + (pattern >> 16 & 1)) >> 16)
        }
    }

    /// Equality of the numbers: zeros are equal, NaN is equal to nothing.
    @inlinable public static func == (a: BFloat16, b: BFloat16) -> Bool { Float(a) == Float(b) }
}

extension Float {
    /// The same number; every `BFloat16` is a `Float`.
    @inlinable public init(_ value: BFloat16) {
        self.init(bitPattern: UInt32(value.bits) << 16)
    }
}
