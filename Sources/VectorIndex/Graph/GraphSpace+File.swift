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
}

extension PagedFile {
    /// The space of a file.
    ///
    /// - Parameters:
    ///   - centre: Where as many floats stand as ``GraphSpace/coordinates(dimension:metric:)`` says.
    ///   - signs: The rotation's.
    /// - Throws: `damaged` where the centre is not finite.
    func space(
        _ numbers: GraphSpace.Numbers, metric: Metric, dimension: Int, centre: Range<Int>, signs: Range<Int>
    ) throws(VectorIndexError) -> GraphSpace {
        let centre = stride(from: centre.lowerBound, to: centre.upperBound, by: 4).map {
            Float(bitPattern: bytes.littleEndian(UInt32.self, at: $0))
        }
        guard centre.allSatisfy(\.isFinite) else { throw .damaged(path: path, reason: "its centre is not finite") }
        return GraphSpace(
            metric: metric, dimension: dimension, centre: centre, scale: numbers.scale,
            largestSquare: numbers.largestSquare,
            rotation: RandomRotation(
                width: RandomRotation.width(dimension: centre.count), signs: Array(bytes[signs])))
    }
}
