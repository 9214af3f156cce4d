"""Pages, options and searches of ordinary shops stay as they are: what looks odd in them is a model's number."""

import pytest

from kafka.scrubbing.names import is_personal
from kafka.scrubbing.scrub import scrubbed_json, scrubbed_option, scrubbed_text, scrubbed_url, scrubbed_user_agent

SHOP = "https://www.shop.example.com"
# Electronics, tools, fashion, watches, jewellery and books.
LISTED = """
samsung-mz-v8p1t0bw samsung-980-pro-mz-v8p1t0bw-ssd samsung-qe65q80aatxxc samsung-ue43au7172uxxh
samsung-gq55qn95bgtxzg samsung-galaxy-s21-5g-sm-g991b-ds-128gb samsung-ue55au7172uxxh-vs-qe65q80aatxxc
crucial-ct2k16g4dfra32a crucial-ram-ct2k16g4dfra32a-2x16gb corsair-cmk16gx4m2b3200c16
corsair-vengeance-lpx-cmk32gx4m2e3200c16-ddr4 kingston-kf432c16bbk2-32 kingston-fury-kf556c40bbk2-32-ddr5
gskill-f4-3200c16d-32gvk wd-black-sn850x-wds200t2x0e seagate-ironwolf-st8000vn004 toshiba-hdwg480uzsva
intel-core-i7-11700k-bx8070811700k amd-ryzen-9-5950x-100-100000059wof hp-2z7e4ea-elitebook-840-g8 hp-4l5a6ea-abd-15s
hp-15s-fq2xxx-i5-1135g7-8gb-512gb-w11p lenovo-82h802t2ge-ideapad lenovo-thinkpad-x1c-gen9-20xw004vge-i7-1165g7-16gb
dell-latitude-7420-i7-1185g7-16gb-512gb asus-rog-strix-g513qm-hn064t-r9-5900hx asus-tuf-gaming-fx506hm-hn016t-rtx3060
acer-nitro-5-an515-55-53e5-i5-10300h-rtx3050 msi-ge66-raider-11ug-i7-11800h-rtx3070-16gb
gigabyte-gv-n3070eagle-oc-8gd-rtx3070 msi-b550m-pro-vdh-wifi lg-oled55c17lb-oled65c17lb lg-55nano816pa-aeu
sony-kd55x81jaep-kd65x81jaep sony-xr65a80kaep sony-wh1000xm4b-headphones philips-55pus8506-12-ambilight
panasonic-tx55jzw1004 bosch-wav28g43-serie-8 bosch-kgn39vleb-serie4 siemens-kg39naxcv-iq500 miele-wsg363wcs-pwash2-0
apple-mk2e3fd-a-ipad-10-2-wi-fi-64gb apple-mlpf3zd-a-iphone-13 canon-rf24-105mm-f4-7-1-is-stm nikon-z6ii-24-70mm-f4s
garmin-010-02540-01-fenix7x-smartwatch logitech-920-009294-mx-keys makita-dga504rtj makita-dlx2131jx1-dhp482z-dtd152z
bosch-gsr18v-60c shimano-rd-m8100-sgs-xt skf-6204-2rs1-c3-6205-2rsh nike-dd1391-100-dunk-low-retro
nike-air-max-90-cn8490-002 adidas-gx3060-ultraboost-22 adidas-fz5897-samba-og levis-501-00501-3139-w32-l34
new-balance-m990gl5-grey converse-chuck-70-162050c puma-suede-classic-374915-01 north-face-nf0a3c8d-1996-retro-nuptse
hugo-boss-50466158-001-slim-fit-suit calvin-klein-k10k109655-bax ray-ban-rb2140-901-wayfarer-50-22
oakley-oo9208-holbrook-xl casio-g-shock-ga-2100-1a1er seiko-prospex-srpe93k1 tissot-t137-407-11-041-00-prx
fossil-es4571-gold-plated desigual-vestido-22swvw83-t38 anillo-bridal-heaven-0.5crt ring-18k-0-5ct-g-si1-585er-r52
whiteGoldRingForWomen-Verlobungsring-585-Gold-Diamant pandora-190047c01-54-ring swarovski-5556727-tennis-deluxe
thomas-sabo-d_ke0001-725-21-l45v birthstone-ring-garnet-january signature-collection-moonstone-925-silver
engraved-look-bangle-18ct-rose-gold harry-potter-and-the-philosophers-stone-9780747532699
the-name-of-the-rose-0156001314 clean-code-978-0-13-235088-4 c-primer-5th-edition-isbn-9780321714114
b07rw6z692-kindle-edition 1984-george-orwell-penguin-0141036144
corsair-vengeance-ddr4-16gb-3200-cl16 gskill-trident-ddr5-32gb-6000-cl30 kingston-fury-ddr4-8gb-3200 ring-18kt-gold-r054
ipad-pro-256gb-black-wifi6-gen12 mens-polo-ss22-size-42eu ring-14kt-gold-size-us07 gold-14kt-05ct-vs1g-ring
hoop-14kt-gold-25mm moto-e7i4-64gb-dual-sim4 ram-ddr4-16gb-2666-mhz1 case-ip13-mag1-gold lamp-gu10-5w50-350l-wifi-rgbw
tv-55in-qled-hdr10-smart 585-gold-ring-2mm4-r052-vs1g pixel-6pro5-128gb-black nvme-1000-gen4-500g
led-rgbw-2700-12w4-4000 screws-4x16-5x20-6x30-10mm ring-14kt-05ct-r054-w050
"""
PAGES = LISTED.split()


def test_the_list_is_one_of_many_shops() -> None:
    assert len(set(PAGES)) >= 80 and len(set(OPTIONS)) >= 60


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_product_stays_as_it_is(page: str) -> None:
    for url in (f"/{page}.html", f"/catalog/{page}/?size=54", f"/search?q={page}", f"/x?sku={page.upper()}"):
        assert scrubbed_url(SHOP + url) == SHOP + url
    for text in (page, page.upper(), page.replace("-", " "), page.replace("-", " ").upper()):
        assert scrubbed_text(text) == text


@pytest.mark.parametrize(
    "page",
    [
        *(
            "profile/alu-eckprofil-30x30.html",
            "invitation/wedding-rose-gold.html",
            "author/stephen-king/the-stand.html",
        ),
        *("people/baby-shoes.html", "guest/bath-towel-white.html", "client/bague-solitaire.html?size=54"),
        *("en/author/the-stand.HTML", "einladung/hochzeit-rosegold.html&utm_source=mail", "shop\\profile/rail-2m.html"),
    ],
)
def test_a_product_stays_behind_a_category_that_is_called_like_persons(page: str) -> None:
    assert scrubbed_url(f"{SHOP}/{page}") == f"{SHOP}/{page}"


OPTIONS = [
    *[("birthstone", "Garnet"), ("Birthstone", "Ruby"), ("birth stone", "Opal"), ("BirthStone", "Pearl")],
    *[("filter_birthstone", "garnet"), ("signature stone", "ruby"), ("Signature Collection", "Aurora")],
    *[("headphones", "wireless"), ("Headphone type", "in-ear"), ("Head phones", "yes"), ("Earphones", "USB-C")],
    *[("smartphone", "128 GB"), ("SmartPhone", "Galaxy S21"), ("Smart phone", "iPhone 13"), ("iPhone", "13 Pro")],
    *[("iphone_model", "13 Pro Max"), ("IPhone", "SE"), ("phone case", "black"), ("Phone colour", "blue")],
    *[("phone_brand", "Nokia"), ("Phone model", "SM-G991B"), ("microphone", "Rode NT1"), ("MicroPhone", "Shure SM7B")],
    *[("saxophone", "alto"), ("xylophone", "32 keys"), ("gramophone", "walnut"), ("megaphone", "25 W")],
    *[("streetwear", "hoodies"), ("Streetwear size", "L"), ("Street style", "urban"), ("StreetWear", "M")],
    *[("Ibanez", "RG550"), ("Ibanez model", "SR300E"), ("recipiente", "vidrio"), ("Strassstein", "weiß")],
    *[("strass stone", "crystal"), ("Straßenschuhe", "42"), ("Telefonhülle", "Leder"), ("diseño desenhado", "1")],
    *[("secretaire", "oak"), ("size", "54 mm"), ("Größe", "54"), ("talla", "38"), ("alloy", "white-585")],
    *[("diamond", "diamond-sapphire"), ("stone", "0.5 ct G SI1"), ("colour", "rose gold 18k"), ("Länge", "45 cm")],
    *[
        ("capacity", "2x16GB DDR4-3200"),
        ("SKU", "CMK16GX4M2B3200C16"),
        ("model", "OLED55C17LB"),
        ("EAN", "4006381333931"),
    ],
    *[
        ("processor", "i7-1165G7"),
        ("lens", "RF24-105mm F4-7.1"),
        ("binding", "hardcover"),
        ("edition", "978-0-13-235088-4"),
    ],
    *[
        ("Emaille", "blau"),
        ("Emaille Farbe", "rot"),
        ("Émail", "bleu"),
        ("Emaillierung", "ja"),
        ("Mini Bangle", "gold"),
    ],
    *[
        ("Gummiband", "schwarz"),
        ("Midi band", "18 mm"),
        ("multiband", "yes"),
        ("wifi_band", "5 GHz"),
        ("TriBand", "ja"),
    ],
    *[("Strass-Elemente", "ja"), ("strass_earrings", "silver"), ("Strass Effekt", "nein"), ("Strass et perles", "oui")],
    *[("Rosenhalskette", "45 cm"), ("Hosenhalter", "Leder"), ("has_logo", "yes"), ("has_lock", "no"), ("hasLogo", "1")],
    *[("compass_width", "40 mm"), ("Compass watch", "steel"), ("Persephone", "ring"), ("birth gemstone", "ruby")],
    *[("Birth month stone", "opal"), ("Signature bracelet", "S"), ("Engravable", "yes"), ("Gravur möglich", "ja")],
    *[("ski pass", "3 days"), ("metal_name", "rose gold"), ("stone_name", "ruby"), ("creative_name", "spring")],
    *[("colour_code", "RAL 9010"), ("store_address", "Mall 5"), ("item_list_name", "Rings"), ("sort_by_name", "asc")],
    *[
        ("show_first", "10"),
        ("lego-set", "7498"),
        ("Note", "bergamot"),
        ("gift_notebook", "A5"),
        ("custom_texture", "wood"),
    ],
    *[
        ("gravur_moeglich", "ja"),
        ("Gravurmöglichkeit", "ja"),
        ("engraving_font", "Script"),
        ("Engraving position", "inside"),
    ],
    *[("Gravur Schriftart", "Arial"), ("Email-Farbe", "blau"), ("email_colour", "red"), ("Phone ring", "gold")],
    *[
        ("Phone strap", "pearl"),
        ("Compatible phone", "iPhone 13"),
        ("author_name", "Stephen King"),
        ("film_name", "Frozen"),
    ],
    *[("character_name", "Hello Kitty"), ("artist_name", "Monet"), ("team_name", "Reds"), ("movie_name", "Frozen")],
    *[("temperature", "4000 4500 5000 6500"), ("Kelvin", "2700 K"), ("waist", "W32 L34"), ("pack", "6 x 500 ml")],
]


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_a_product_stays_as_it_is(option: tuple[str, str]) -> None:
    label, value = option
    assert not is_personal(label)
    assert scrubbed_option(label, value) == option
    if "_" not in label:
        assert scrubbed_text(f"{label}: {value}") == f"{label}: {value}"
    page = f"{SHOP}/ring.html?{label.replace(' ', '_')}={value.replace(' ', '+')}&page=2"
    assert scrubbed_url(page) == page


@pytest.mark.parametrize(
    "text",
    [
        *("iphone: case", "smartphone: 128gb", "headphones: sony wh-1000xm4", "secret santa: gifts", "and/or: both"),
        *("makita dga504z dhr202z btd141z dml802 bl1850b", "m4x20 m5x25 m6x30", "6204-2rs 6205-2rs 6206-2rs"),
        *("din912-m8x30-a2-70", "x570-a-pro-am4-ddr4-4400", "led 4000 4500 5000 6500", "ring/necklace: gold"),
    ],
)
def test_a_search_for_a_product_stays_as_it_is(text: str) -> None:
    assert scrubbed_text(text) == text


USER_AGENTS = [
    "SAMSUNG-GT-E2232/1.0 Openwave/6.2.3 Profile/MIDP-2.0 Configuration/CLDC-1.1 UP.Browser/6.2.3.3.c.1.101 (GUI)",
    "NokiaC5-00/061.005 (SymbianOS/9.3; U; Series60/3.2 Mozilla/5.0; Profile/MIDP-2.1 Configuration/CLDC-1.1 )",
    "Chef Client/10.18.2 (ruby-1.9.3-p327; ohai-6.16.0; x86_64-linux; +http://opscode.com)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 13_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (iPhone) Mobile/19E241 [FBAN/FBIOS;FBDV/iPhone12,1;FBMD/iPhone;FBID/phone;FBLC/de_DE;FBOP/5]",
    "Mozilla/5.0 (Linux; Android 10; SM-G973F Build/QP1A.190711.020; wv) [FB_IAB/FB4A;FBAV/270.1.0.66.127;]",
    "Mozilla/5.0 AppleWebKit/537.36 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76",
    *("Jersey Client/2.5", "okhttp/4.9.3", "WhatsApp/2.21.12.21 A", "Key/1.0", "Mail/3445.104.11", "User/Agent"),
]


@pytest.mark.parametrize("user_agent", USER_AGENTS)
def test_a_user_agent_stays_as_it_is(user_agent: str) -> None:
    assert scrubbed_user_agent(user_agent) == user_agent
    assert scrubbed_json({"user_agent": user_agent}) == {"user_agent": user_agent}
