internal import Files
internal import VectorMath

extension CodeEncoding {
    /// The bytes of its numbers, before the centre.
    private static let headSize = 64

    /// What stands before the blocks in an index file: numbers, centre, signs.
    var fileHead: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: scale.bitPattern)
        bytes.append(littleEndian: UInt32(width))
        bytes.append(littleEndian: UInt32(blockSize))
        bytes.append(littleEndian: rotation.signs.withUnsafeBytes { crc32c($0) })
        bytes += [UInt8](repeating: 0, count: Self.headSize - bytes.count)
        for number in centre { bytes.append(littleEndian: number.bitPattern) }
        bytes += [UInt8](repeating: 0, count: 4 * (IndexFileLayout.stride(dimension) - dimension))
        return bytes + rotation.signs
    }

    /// Reads it from a file that is as long as its layout says; nothing else is taken for granted.
    init(reading file: UnsafeRawBufferPointer, layout: IndexFileLayout, path: String) throws(VectorIndexError) {
        let bytes = UnsafeRawBufferPointer(rebasing: file[layout.encodingOffset..<layout.blocksOffset])
        let width = RandomRotation.width(dimension: layout.dimension)
        let signsOffset = Self.headSize + 4 * layout.stride
        let signs = bytes[signsOffset..<signsOffset + RandomRotation.signCount(width: width)]
        let scale = Float(bitPattern: bytes.littleEndian(UInt32.self, at: 0))
        let centre = (0..<layout.dimension).map { column in
            Float(bitPattern: bytes.littleEndian(UInt32.self, at: Self.headSize + 4 * column))
        }
        self.init(
            metric: layout.codedMetric, centre: centre, scale: scale,
            rotation: RandomRotation(width: width, signs: [UInt8](signs)))
        // The numbers follow from the layout and the signs: all but scale and centre have one right value.
        guard scale.isNormal, scale > 0, scale.significand == 1, abs(scale.exponent) < 100,
            centre.allSatisfy(\.isFinite), fileHead.elementsEqual(bytes.prefix(fileHead.count))
        else { throw .damaged(path: path, reason: "it says impossible things of its codes") }
    }
}
