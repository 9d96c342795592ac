/// The types of numbers that vector files hold, all little-endian.
public enum ElementType: String, Sendable, CaseIterable {
    case float32, float16, int8, uint8, int32, int64

    /// Bytes of one number.
    public var size: Int {
        switch self {
        case .float32, .int32: 4
        case .float16: 2
        case .int8, .uint8: 1
        case .int64: 8
        }
    }

    /// numpy's letters for the type.
    var numpyDescription: String {
        switch self {
        case .float32: "<f4"
        case .float16: "<f2"
        case .int8: "|i1"
        case .uint8: "|u1"
        case .int32: "<i4"
        case .int64: "<i8"
        }
    }
}

extension [Int] {
    /// The product of the dimensions of a shape; nil where it, or one of them, is no count that fits.
    package var checkedProduct: Int? {
        var product = 1
        for dimension in self {
            guard dimension >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            product = next
        }
        return product
    }
}
