internal import Files
internal import VectorMath

extension GraphSpace {
    /// What a file says of a space beside its centre and its rotation.
    typealias Numbers = (scale: Float, largestSquare: Double)

    /// The numbers of a file; nil where they cannot be a space's.
    static func numbers(scale bits: UInt32, largestSquare: Double) -> Numbers? {
        let scale = Float(bitPattern: bits)
        guard scale.isNormal, scale > 0, scale.significand == 1, abs(scale.exponent) <= 100, largestSquare.isFinite,
            largestSquare >= 0
        else { return nil }
        return (scale, largestSquare)
    }

    /// The space of a file; nil where its centre is not finite.
    ///
    /// - Parameters:
    ///   - centre: As many floats as ``coordinates(dimension:metric:)`` says.
    ///   - signs: The rotation's.
    init?(
        _ numbers: Numbers, metric: Metric, dimension: Int, centre: UnsafeRawBufferPointer,
        signs: UnsafeRawBufferPointer
    ) {
        let centre = (0..<centre.count / 4).map {
            Float(bitPattern: centre.littleEndian(UInt32.self, at: 4 * $0))
        }
        guard centre.allSatisfy(\.isFinite) else { return nil }
        self.init(
            metric: metric, dimension: dimension, centre: centre, scale: numbers.scale,
            largestSquare: numbers.largestSquare,
            rotation: RandomRotation(width: RandomRotation.width(dimension: centre.count), signs: Array(signs)))
    }
}
