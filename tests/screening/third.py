"""A third set, as reports are written: longer sentences, names and forms of its own.

It was held out at first (``measured.FIRST``); the holes that it showed have been closed since.
"""

from __future__ import annotations

import random

from tests.screening.planted import Planted, eastern

SEED = 90125
EACH = 10

_FIRST = {
    "en": ["Wambui", "Tadesse", "Rukmini", "Ebony", "Siphokazi", "Margaret", "Obioma", "Lindiwe", "Samuel", "Purnima"],
    "fr": ["Assétou", "Nathalie", "Dieynaba", "Espérance", "Rosine", "Kossiwa", "Hortensia", "Zénabou", "Théodore", "Mariétou"],
    "es": ["Briseida", "Nayeli", "Teodora", "Angélica", "Yamileth", "Rosario", "Jacinta", "Leidy", "Marcelino", "Eulalia"],
    "ar": ["غادة", "فوزية", "أماني", "ريهام", "عهود", "سوسن", "خلود", "يسرى", "مصطفى", "نسيبة"],
}  # fmt: skip
_LAST = {
    "en": ["Kamau", "Gebremariam", "Tamang", "Ncube", "Okorie", "Das", "Thompson", "Owusu"],
    "fr": ["Sanogo", "Mbemba", "Kouyaté", "Randrianarisoa", "Lefèvre", "Agbodjan", "Zongo", "Faye"],
    "es": ["Choque", "Caal Pop", "Mendoza", "Huamán", "Cruz Pérez", "Bolaños", "Tum", "Salazar"],
    "ar": ["الخطيب", "بن علي", "المصري", "عوض", "الزبيدي", "منصور", "حمودة", "الصالح"],
}  # fmt: skip

SENTENCES: dict[str, dict[str, list[str]]] = {
    "en": {
        "phone": ["The taxi driver who brought them left a number, {}, with the guard.", "Hotline volunteers phoned {} three times without answer.", "Emergency contact: aunt, {}"],
        "email": ["Screenshots were mailed to us by {} after the hearing.", "The agency's owner ({}) denied everything."],
        "document_number": ["Embassy staff replaced her lost passport ({}) within nine days.", "He showed an identity card numbered {} which was not his."],
        "coordinates": ["Satellite images of {} show the kiln and the sleeping quarters.", "Drop-in point moved to {}, near the bridge."],
        "address": ["Neighbours at {} heard the screams and phoned us.", "The landlord of {} has been charged with complicity."],
        "name_and_date": ["The first to be freed was {}, who had not seen daylight for weeks.", "Follow-up of {} continues until December."],
        "person_name": ["Dr {} examined all of them free of charge.", "Her cousin, a man called {}, had signed the contract.", "The complainant, Mrs {}, withdrew in June."],
        "profile": ["The video was shared from {} and taken down by the platform in 48 hours.", "Girls followed {} because of the modelling pictures."],
    },
    "fr": {
        "phone": ["Le chauffeur a laissé au gardien un numéro, {}, avant de repartir.", "Les écoutantes ont composé le {} trois fois sans réponse.", "Personne à prévenir : la tante, {}"],
        "email": ["Les captures nous sont parvenues de {} après l'audience.", "Le patron de l'agence ({}) nie tout."],
        "document_number": ["L'ambassade a remplacé son passeport perdu ({}) en neuf jours.", "Il a présenté une carte d'identité portant le numéro {}."],
        "coordinates": ["Les images satellite de {} montrent le four et le dortoir.", "Le point d'accueil est désormais {}, près du pont."],
        "address": ["Les voisins du {} ont entendu les cris.", "Le bailleur du logement, {}, est poursuivi pour complicité."],
        "name_and_date": ["La première libérée fut {}, enfermée depuis des semaines.", "Le suivi de {} continue jusqu'en décembre."],
        "person_name": ["Le Dr {} les a toutes examinées gratuitement.", "Son cousin, un homme nommé {}, avait signé le contrat.", "La plaignante, Mme {}, s'est désistée en juin."],
        "profile": ["La vidéo a été diffusée par {} puis retirée en 48 heures.", "Les filles suivaient {} pour les photos de mode."],
    },
    "es": {
        "phone": ["El taxista dejó al vigilante un número, {}, y se fue.", "Las voluntarias marcaron el {} tres veces sin respuesta.", "Contacto de emergencia: la tía, {}"],
        "email": ["Las capturas nos llegaron de {} después de la audiencia.", "El dueño de la agencia ({}) lo niega todo."],
        "document_number": ["La embajada repuso su pasaporte perdido ({}) en nueve días.", "Mostró una cédula de identidad con número {} que no era suya."],
        "coordinates": ["Las imágenes satelitales de {} muestran el horno y el dormitorio.", "El punto de acogida está ahora en {}, junto al puente."],
        "address": ["Los vecinos de {} oyeron los gritos.", "El dueño de la vivienda, {}, está imputado por complicidad."],
        "name_and_date": ["La primera en ser liberada fue {}, encerrada desde hacía semanas.", "El seguimiento de {} continúa hasta diciembre."],
        "person_name": ["La Dra. {} las examinó a todas sin costo.", "Su primo, un hombre llamado {}, había firmado el contrato.", "La denunciante, la señora {}, desistió en junio."],
        "profile": ["El video se difundió desde {} y fue retirado en 48 horas.", "Las muchachas seguían a {} por las fotos de modelaje."],
    },
    "ar": {
        "phone": ["ترك سائق الأجرة رقما لدى الحارس، {}، ثم غادر.", "اتصلت المتطوعات على {} ثلاث مرات دون رد.", "للطوارئ: الخالة، هاتف {}"],
        "email": ["وصلتنا الصور من {} بعد الجلسة.", "صاحب الوكالة ({}) ينفي كل شيء."],
        "document_number": ["استبدلت السفارة جواز سفرها المفقود ({}) خلال تسعة أيام.", "أبرز بطاقة هوية تحمل رقم {} وليست له."],
        "coordinates": ["تظهر صور الأقمار عند {} الفرن ومكان النوم.", "انتقلت نقطة الاستقبال إلى {} قرب الجسر."],
        "address": ["سمع الجيران في {} الصراخ.", "صاحب المسكن الواقع في {} ملاحق قضائيا."],
        "name_and_date": ["أول من تحررت {} بعد أسابيع من الحبس.", "تستمر متابعة {} حتى ديسمبر."],
        "person_name": ["فحصت الدكتورة {} الجميع مجانا.", "ابن عمها رجل يدعى {} وقع العقد.", "تنازلت المشتكية السيدة {} في حزيران."],
        "profile": ["نشر المقطع من {} وحذف خلال 48 ساعة.", "كانت الفتيات يتابعن {} بسبب الصور."],
    },
}  # fmt: skip

_PHONES = {
    "en": ["+256 77# ######", "+91 98### #####", "072# ### ###", "0##-####-####", "+977-98########", "+255 (0) 71# ### ###"],
    "fr": ["+229 01 9# ## ## ##", "+235 6# ## ## ##", "01 4# ## ## ##", "6 5# ## ## ##", "+223 7#######", "00 228 9# ## ## ##"],
    "es": ["+504 9###-####", "+591 7#######", "(502) 4###-####", "9## ### ###", "0414-#######", "+507 6###-####"],
    "ar": ["+212 6## ######", "+249 91 ### ####", "0100 ### ####", "078#######", "(079) ### ####", "٠٥# ### ####"],
}  # fmt: skip
_DOCUMENTS = {
    "en": ["K#######", "EP ########", "##-######-X-##", "###########"],
    "fr": ["##PE#####", "C ########", "###-######-##", "########"],
    "es": ["#######-#", "C-#######", "XD######", "#.###.###-#"],
    "ar": ["#########", "RR#######", "٢#############", "C########"],
}  # fmt: skip
_STREETS = {
    "en": ["Flat 4, ## Jinja Road", "### Nkrumah Avenue", "##-## Temple Street", "House No. ##, Bagmati Lane"],
    "fr": ["## ter, rue Nelson-Mandela", "### boulevard de la Liberté", "#, allée des Manguiers", "rue Ahmadou Ahidjo, ##"],
    "es": ["Calle Los Cedros #-##", "Avenida Bolívar ###, apto. #", "# calle #-## zona ##", "Jr. Ayacucho ###"],
    "ar": ["شارع بورسعيد رقم ##", "## شارع الجامعة", "شارع فلسطين، بناية ##، شقة #", "زنقة الياسمين رقم ##"],
}  # fmt: skip
_POINTS = [
    "#.######, ##.######",
    "-##.#####,-##.#####",
    "##.####N, #.####E",
    "##° ##' ##\" N, ##° ##' ##\" E",
    "latitude -##.####, longitude ##.####",
]
_MAILS = [
    "{a}##@example.com",
    "{a}.{b}@students.example.ac.ug",
    "{b}{a}_@example.org",
    "{a} [at] example.net",
    "{a}+{b}@example.fr",
]
_PAGES = [
    "facebook.com/profile.php?id=1000########",
    "https://instagram.com/{a}.{b}#",
    "@{a}.{b}",
    "www.tiktok.com/@{a}{b}",
    "https://t.me/{a}_{b}##",
    "twitter.com/{a}{b}",
]
_AGES = {
    "en": ["{n}, now {y},", "{n} (born {d})", "{n}, {y} years of age", "{y}-year-old {n}", "{n} (DOB {d})"],
    "fr": ["{n}, tout juste {y} ans,", "{n} (née le {d})", "{n}, {y} ans", "{n} (âgée de {y} ans)", "la petite {n}, {y} ans"],
    "es": ["{n}, de apenas {y} años,", "{n} (nacida el {d})", "{n}, {y} años", "{n} (edad: {y})", "la niña {n}, de {y} años"],
    "ar": ["{n} ({y} عاما)", "{n} (مواليد {d})", "{n} ذات {y} عاما", "الطفلة {n} وعمرها {y} سنوات", "{n}، {y} سنة،"],
}  # fmt: skip


def _number(rng: random.Random, pattern: str) -> str:
    """Return ``pattern`` with a digit for every #; the first of a group is 1 to 8."""
    made = ""
    for at, sign in enumerate(pattern):
        first = at == 0 or pattern[at - 1] != "#"
        made += str(rng.randint(1 if first else 0, 8)) if sign == "#" else sign
    return made


def _item(rng: random.Random, language: str, kind: str) -> str:
    first, last = rng.choice(_FIRST[language]), rng.choice(_LAST[language])
    a, b = rng.choice(["mango", "river", "pearl", "sunny"]), rng.choice(["star", "rose", "boy"])
    if kind == "person_name":
        return first if rng.random() < 0.3 else f"{first} {last}"
    if kind == "name_and_date":
        day = f"{rng.randint(1, 28)}/{rng.randint(1, 12)}/{rng.randint(1998, 2013)}"
        name = f"{first} {last}" if rng.random() < 0.6 else first
        return rng.choice(_AGES[language]).format(n=name, y=rng.randint(9, 27), d=day)
    patterns = {
        "phone": _PHONES[language], "document_number": _DOCUMENTS[language],
        "address": _STREETS[language], "coordinates": _POINTS, "email": _MAILS, "profile": _PAGES,
    }  # fmt: skip
    made = _number(rng, rng.choice(patterns[kind]).format(a=a, b=b))
    is_eastern = language == "ar" and kind == "phone" and rng.random() < 0.4
    return eastern(made) if is_eastern else made


def planted() -> list[Planted]:
    """Return the identifiers in their sentences, always the same."""
    rng = random.Random(SEED)
    found = []
    for language, kinds in SENTENCES.items():
        for kind, frames in kinds.items():
            for _ in range(EACH):
                item, frame = _item(rng, language, kind), rng.choice(frames)
                start = frame.index("{}")
                text = frame.replace("{}", item)
                found.append(Planted(language, kind, text, start, start + len(item)))
    return found


_HARMLESS = {
    "en": [
        "At the Wakiso court, the State Attorney charged ## suspects under Section # of the Act of 20##.",
        "Mobile clinics visited ## villages; ### ### litres of water and ## #00 kits were given.",
        "See ledger 4-1-###, cost centre ####-##, journal ##/####, posted ##.##.2026.",
        "Members of the Contact Group met Her Excellency the Ambassador in Vienna on # June.",
        "We taught Article 14, Rule ##.#, and Sections ### to ### of the Penal Code.",
        "Ages: 0-4: ##; 5-11: ##; 12-17: ###; 18 and over: ###.",
        "Rose growing, grace periods and hope: lessons of Phase #.",
        "Printing of #,### posters (A3), ref. ###/20##, paid on ## July 20## by bank transfer.",
        "Kampala, Nairobi and Addis Ababa hubs each trained ## police and ## judges.",
        "Population of the district: #,###,### (census 20##), of whom ##.#% girls.",
        "Frontline staff: # nurses, # drivers, ## volunteers; turnover ##%.",
        "The World Day film was seen ### ### times on www.example.org and in ## cinemas.",
    ],
    "fr": [
        "Au tribunal de Thiès, le parquet a poursuivi ## suspects selon l'article ### du Code pénal.",
        "Les cliniques mobiles ont visité ## villages ; ### ### litres d'eau et ## #00 kits remis.",
        "Voir compte 6-1-###, centre de coût ####-##, journal ##/####, du ##.##.2026.",
        "Les membres du Groupe de contact ont rencontré Son Excellence l'Ambassadrice à Vienne le # juin.",
        "Tranches d'âge : 0-4 : ## ; 5-11 : ## ; 12-17 : ### ; 18 et plus : ###.",
        "Impression de # ### affiches (A3), réf. ###/20##, payée le ## juillet 20## par virement.",
        "Lomé, Cotonou et Porto-Novo ont formé chacune ## policiers et ## juges.",
        "Population de la commune : # ### ### (recensement 20##), dont ##,# % de filles.",
        "Le film de la Journée mondiale a été vu ### ### fois sur www.example.org.",
        "Monsieur le Président, Mesdames et Messieurs les députés ont voté la loi 20##-##.",
        "Notre-Dame-des-Victoires, le lycée Victor-Hugo et la Place de l'Indépendance ont accueilli ### élèves.",
        "Équipe : # infirmières, # chauffeurs, ## bénévoles ; rotation ## %.",
    ],
    "es": [
        "En el juzgado de Cobán, la fiscalía acusó a ## sospechosos según el artículo ### del Código Penal.",
        "Las clínicas móviles visitaron ## aldeas; ### ### litros de agua y ## #00 kits entregados.",
        "Ver cuenta 6-1-###, centro de costo ####-##, diario ##/####, del ##.##.2026.",
        "El Grupo de Contacto se reunió con la Excma. Sra. Embajadora en Viena el # de junio.",
        "Edades: 0-4: ##; 5-11: ##; 12-17: ###; 18 y más: ###.",
        "Impresión de #.### afiches (A3), ref. ###/20##, pagada el ## de julio de 20## por transferencia.",
        "Tegucigalpa, Managua y San Salvador capacitaron a ## policías y ## jueces.",
        "Población del municipio: #.###.### (censo 20##), de ella ##,# % niñas.",
        "El video del Día Mundial se vio ### ### veces en www.example.org.",
        "Señor Presidente, las señoras diputadas aprobaron la Ley ##/20##.",
        "El Colegio Simón Bolívar y la Plaza Mayor recibieron a ### alumnas.",
        "Equipo: # enfermeras, # choferes, ## voluntarias; rotación ## %.",
    ],
    "ar": [
        "في محكمة طرابلس وجهت النيابة تهما إلى ## مشتبها وفق المادة ### من قانون العقوبات.",
        "زارت العيادات المتنقلة ## قرية ووزعت ### ### لتر ماء و## #00 حقيبة.",
        "انظر الحساب 6-1-###، مركز الكلفة ####-##، القيد ##/####، بتاريخ ##.##.2026.",
        "التقى فريق الاتصال سعادة السفيرة في فيينا يوم # يونيو.",
        "الأعمار: 0-4: ##؛ 5-11: ##؛ 12-17: ###؛ 18 فأكثر: ###.",
        "طباعة # ### ملصق، مرجع ###/20##، دفعت في ## يوليو 20## بحوالة.",
        "دربت عمان وبغداد والخرطوم ## شرطيا و## قاضيا.",
        "عدد سكان البلدية # ### ### (تعداد 20##)، منهم ##.#% فتيات.",
        "شوهد فيلم اليوم العالمي ### ### مرة على www.example.org.",
        "السيد الرئيس، صوتت السيدات النائبات على القانون رقم ## لسنة 20##.",
        "مدرسة النور الثانوية وساحة الحرية استقبلتا ### طالبة.",
        "الفريق: # ممرضات و# سائقين و## متطوعة؛ نسبة التبدل ##%.",
    ],
}  # fmt: skip


def harmless() -> list[Planted]:
    """Return sentences with nothing personal in them, always the same."""
    rng = random.Random(SEED + 1)
    return [
        Planted(language, "", _number(rng, frame))
        for language, frames in _HARMLESS.items()
        for frame in frames
        for _ in range(5)
    ]
