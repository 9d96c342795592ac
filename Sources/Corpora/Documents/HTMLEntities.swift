/// Character references of HTML: `&amp;`, `&#8212;`, `&#x2014;`.
enum HTMLEntities {
    /// Reads the reference that begins with the `&` at a place.
    ///
    /// As in browsers, a number of a Windows-1252 control character means the Windows character, and an impossible
    /// number U+FFFD. The semicolon may be absent after a number and after the names that old pages write without.
    ///
    /// - Returns: The character, and the number of bytes that the reference takes; nil where it is none.
    static func decode(at index: Int, before end: Int, of source: [UInt8]) -> (Unicode.Scalar, length: Int)? {
        guard index + 2 < end else { return nil }
        return source[index + 1] == UInt8(ascii: "#")
            ? decodeNumber(at: index, before: end, of: source) : decodeName(at: index, before: end, of: source)
    }

    private static func decodeNumber(
        at index: Int, before end: Int, of source: [UInt8]
    ) -> (Unicode.Scalar, length: Int)? {
        var position = index + 2
        let isHexadecimal = source[position] | 0x20 == UInt8(ascii: "x")
        if isHexadecimal { position += 1 }
        let start = position
        var value: UInt32 = 0
        while position < end, let digit = digit(source[position], hexadecimal: isHexadecimal) {
            value = min(value * (isHexadecimal ? 16 : 10) + digit, 0x11_0000)
            position += 1
        }
        guard position > start else { return nil }
        if position < end, source[position] == UInt8(ascii: ";") { position += 1 }
        let scalar =
            (0x80..<0xA0).contains(value)
            ? Windows1252.scalar(for: UInt8(value)) : value == 0 ? nil : Unicode.Scalar(value)
        return (scalar ?? "\u{FFFD}", position - index)
    }

    private static func digit(_ byte: UInt8, hexadecimal: Bool) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f") where hexadecimal: UInt32(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F") where hexadecimal: UInt32(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }

    private static func decodeName(
        at index: Int, before end: Int, of source: [UInt8]
    ) -> (Unicode.Scalar, length: Int)? {
        var position = index + 1
        let limit = min(end, position + longestName)
        while position < limit, isAlphanumeric(source[position]) { position += 1 }
        let name = String(decoding: source[(index + 1)..<position], as: UTF8.self)
        if position < end, source[position] == UInt8(ascii: ";"), let scalar = table[name] {
            return (scalar, position + 1 - index)
        }
        for (name, scalar) in withoutSemicolon {
            let length = name.utf8.count
            if position - index > length, source[(index + 1)...].starts(with: name.utf8) { return (scalar, length + 1) }
        }
        return nil
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private static let withoutSemicolon: [(String, Unicode.Scalar)] = [
        ("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("nbsp", "\u{A0}"), ("copy", "©"), ("reg", "®"),
    ]

    private static let longestName = 24

    private static let table: [String: Unicode.Scalar] = {
        var table: [String: Unicode.Scalar] = [:]
        var words = names.split(whereSeparator: { $0 == " " || $0 == "\n" }).makeIterator()
        while let name = words.next(), let code = words.next() {
            if let value = UInt32(code, radix: 16), let scalar = Unicode.Scalar(value) { table[String(name)] = scalar }
        }
        return table
    }()

    /// The names of HTML 4 and the usual ones of HTML 5, each with its code point in hexadecimal.
    private static let names = """
        AElig c6 Aacute c1 Acirc c2 Agrave c0 Alpha 391 Aring c5 Atilde c3 Auml c4 Beta 392 Cacute 106 Ccaron 10c
        Ccedil c7 Chi 3a7 Dagger 2021 Delta 394 ETH d0 Eacute c9 Ecirc ca Egrave c8 Epsilon 395 Eta 397 Euml cb
        Gamma 393 Gbreve 11e Hat 5e Iacute cd Icirc ce Igrave cc Iota 399 Iuml cf Kappa 39a Lambda 39b
        LeftArrow 2190 Lstrok 141 Mu 39c NewLine a Ntilde d1 Nu 39d OElig 152 Oacute d3 Ocirc d4 Ograve d2
        Omega 3a9 Omicron 39f Oslash d8 Otilde d5 Ouml d6 Phi 3a6 Pi 3a0 Prime 2033 Psi 3a8 Rho 3a1 RightArrow 2192
        Scaron 160 Scedil 15e Sigma 3a3 THORN de Tab 9 Tau 3a4 Theta 398 Uacute da Ucirc db Ugrave d9 Upsilon 3a5
        Uuml dc Xi 39e Yacute dd Yuml 178 Zcaron 17d Zeta 396 aacute e1 acirc e2 acute b4 aelig e6 agrave e0
        alefsym 2135 alpha 3b1 amp 26 and 2227 ang 2220 aogon 105 apos 27 aring e5 ast 2a asymp 2248 atilde e3
        auml e4 bdquo 201e beta 3b2 blank 2423 boxh 2500 boxv 2502 breve 2d8 brvbar a6 bsol 5c bull 2022 cacute 107
        cap 2229 caron 2c7 ccaron 10d ccedil e7 cedil b8 cent a2 check 2713 chi 3c7 circ 2c6 clubs 2663 colon 3a
        comma 2c commat 40 cong 2245 copy a9 crarr 21b5 cross 2717 cup 222a curren a4 dArr 21d3 dagger 2020
        darr 2193 dash 2010 deg b0 delta 3b4 diams 2666 divide f7 dollar 24 dot 2d9 downarrow 2193 eacute e9
        ecirc ea egrave e8 empty 2205 emsp 2003 emsp13 2004 ensp 2002 eogon 119 epsilon 3b5 equals 3d equiv 2261
        eta 3b7 eth f0 euml eb euro 20ac excl 21 exist 2203 fnof 192 forall 2200 frac12 bd frac14 bc frac34 be
        frasl 2044 gamma 3b3 gbreve 11f ge 2265 grave 60 gt 3e hArr 21d4 hairsp 200a harr 2194 hearts 2665
        hellip 2026 horbar 2015 hyphen 2010 iacute ed icirc ee iexcl a1 igrave ec image 2111 imath 131 infin 221e
        int 222b iota 3b9 iquest bf isin 2208 iuml ef kappa 3ba lArr 21d0 lambda 3bb lang 2329 laquo ab larr 2190
        lbrace 7b lbrack 5b lceil 2308 lcub 7b ldquo 201c le 2264 leftarrow 2190 lfloor 230a lowast 2217 lowbar 5f
        loz 25ca lpar 28 lrm 200e lsaquo 2039 lsqb 5b lsquo 2018 lstrok 142 lt 3c macr af mdash 2014 micro b5
        midast 2a middot b7 minus 2212 mu 3bc nabla 2207 nacute 144 nbsp a0 ndash 2013 ne 2260 ni 220b not ac
        notin 2209 nsub 2284 ntilde f1 nu 3bd num 23 numsp 2007 oacute f3 ocirc f4 oelig 153 ograve f2 oline 203e
        omega 3c9 omicron 3bf oplus 2295 or 2228 ordf aa ordm ba oslash f8 otilde f5 otimes 2297 ouml f6 para b6
        part 2202 percnt 25 period 2e permil 2030 perp 22a5 phi 3c6 phone 260e pi 3c0 piv 3d6 plus 2b plusmn b1
        pound a3 prime 2032 prod 220f prop 221d psi 3c8 puncsp 2008 quest 3f quot 22 rArr 21d2 radic 221a rang 232a
        raquo bb rarr 2192 rbrace 7d rbrack 5d rceil 2309 rcub 7d rdquo 201d real 211c reg ae rfloor 230b rho 3c1
        rightarrow 2192 ring 2da rlm 200f rpar 29 rsaquo 203a rsqb 5d rsquo 2019 sacute 15b sbquo 201a scaron 161
        scedil 15f sdot 22c5 sect a7 semi 3b shy ad sigma 3c3 sigmaf 3c2 sim 223c sol 2f spades 2660 star 2606
        starf 2605 sub 2282 sube 2286 sum 2211 sup 2283 sup1 b9 sup2 b2 sup3 b3 supe 2287 szlig df tau 3c4
        there4 2234 theta 3b8 thetasym 3d1 thinsp 2009 thorn fe tilde 2dc times d7 trade 2122 uArr 21d1 uacute fa
        uarr 2191 ucirc fb ugrave f9 uml a8 uparrow 2191 upsih 3d2 upsilon 3c5 uuml fc verbar 7c vert 7c
        weierp 2118 xi 3be yacute fd yen a5 yuml ff zcaron 17e zdot 17c zeta 3b6 zwj 200d zwnj 200c
        """
}
